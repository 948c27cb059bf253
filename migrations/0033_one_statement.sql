-- squawk-ignore-file ban-drop-function -- each comes again in this transaction, with what its callers hand it
-- What is stored at once is one statement with parameters, prepared once in a connection. As text, in a
-- transaction of five statements, it was read and planned anew each time, which took as long as storing it.

DROP PROCEDURE donation_append_at_once(
    uuid, bigint, uuid[], text, uuid[], bigint[], uuid[], text[], integer[], bigint[], bigint[], integer[], bytea[]);
CREATE FUNCTION donation_append_at_once(
    p_resident uuid, p_event_seq bigint, p_blocks uuid[],
    p_route text, p_key text, p_fingerprint bytea, p_answer bytea,
    p_streams uuid[], p_seqs bigint[], p_segments uuid[], p_categories text[], p_versions integer[],
    p_firsts bigint[], p_lasts bigint[], p_samples integer[], p_bodies bytea[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    acting constant text := set_config('app.resident', p_resident::text, true);
    as_it_was boolean;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(uuid_hash_extended(l.resident_id, 0))
       FROM resident_lock l WHERE l.resident_id = p_resident;
    as_it_was := FOUND
        AND EXISTS (SELECT FROM consent_head h WHERE h.resident_id = p_resident AND h.seq = p_event_seq)
        AND p_blocks = ARRAY(
            SELECT b.block_id FROM block b
             WHERE b.resident_id = p_resident AND b.lifted_at IS NULL ORDER BY b.block_id);
    FOR i IN 1 .. cardinality(p_streams) LOOP
        EXIT WHEN NOT as_it_was;
        WITH moved AS (
            UPDATE stream s
               SET seq = s.seq + 1,
                   loose = s.loose + 1,
                   head_ms = p_lasts[i],
                   samples = s.samples + p_samples[i],
                   last_upload_at = statement_timestamp(),
                   last_upload_key = p_key,
                   recent_since = CASE WHEN s.recent_since < statement_timestamp() - interval '1 minute'
                                       THEN statement_timestamp() ELSE s.recent_since END,
                   recent_uploads = CASE WHEN s.recent_since < statement_timestamp() - interval '1 minute'
                                         THEN 1 ELSE s.recent_uploads + 1 END
             WHERE s.resident_id = p_resident AND s.stream_id = p_streams[i] AND s.seq = p_seqs[i]
            RETURNING s.seq)
        INSERT INTO segment (resident_id, stream_id, segment_id, category, key_version, first_ms, last_ms, samples, body, seq)
        SELECT p_resident, p_streams[i], p_segments[i], p_categories[i], p_versions[i], p_firsts[i], p_lasts[i],
               p_samples[i], p_bodies[i], moved.seq
          FROM moved
         CROSS JOIN data_key k
         WHERE k.resident_id = p_resident AND k.scope = p_categories[i] AND k.version = p_versions[i];
        as_it_was := FOUND;
    END LOOP;
    IF NOT as_it_was THEN
        RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
    END IF;
    INSERT INTO reply (actor_id, route, key, fingerprint, status, content_type, body)
    VALUES (p_resident, p_route, p_key, p_fingerprint, 200, 'application/json', p_answer);
END $$;

DROP PROCEDURE response_submit_at_once(uuid, uuid, uuid, uuid, text, uuid, text, bigint, bigint, integer, bytea);
CREATE FUNCTION response_submit_at_once(
    p_resident uuid, p_route text, p_key text, p_fingerprint bytea, p_answer bytea,
    p_response uuid, p_study uuid, p_assignment uuid, p_questionnaire text, p_questionnaire_id uuid,
    p_category text, p_authored timestamptz, p_received timestamptz, p_key_version integer, p_body bytea)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    acting constant text := set_config('app.resident', p_resident::text, true);
    as_it_was boolean;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(uuid_hash_extended(l.resident_id, 0))
       FROM resident_lock l WHERE l.resident_id = p_resident;
    as_it_was := FOUND
        AND EXISTS (
            SELECT FROM permit p
             WHERE p.resident_id = p_resident AND p.study_id = p_study AND p.use = 'study'
               AND p.category = p_category AND p.data_period @> p_authored)
        AND EXISTS (
            SELECT FROM questionnaire_version q
             WHERE q.questionnaire_id = p_questionnaire_id
               AND (q.status = 'active' OR p_assignment IS NOT NULL))
        AND EXISTS (
            SELECT FROM data_key k
             WHERE k.resident_id = p_resident AND k.scope = p_category AND k.version = p_key_version);
    IF as_it_was AND p_assignment IS NOT NULL THEN
        UPDATE assignment a
           SET state = 'completed', response_id = p_response, written_at = p_authored,
               received_at = p_received, knocks_at = '{}'
         WHERE a.resident_id = p_resident AND a.assignment_id = p_assignment
           AND a.study_id = p_study AND a.questionnaire = p_questionnaire
           AND a.state IN ('due', 'draft') AND a.opens_at <= p_authored AND a.expires_at > p_received;
        as_it_was := FOUND;
    END IF;
    IF NOT as_it_was THEN
        RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
    END IF;
    INSERT INTO response (resident_id, response_id, revision, key_version, body, state, study_id,
                          assignment_id, questionnaire, category, authored_at, received_at)
    VALUES (p_resident, p_response, 1, p_key_version, p_body, 'completed', p_study,
            p_assignment, p_questionnaire, p_category, p_authored, p_received);
    INSERT INTO reply (actor_id, route, key, fingerprint, status, content_type, body)
    VALUES (p_resident, p_route, p_key, p_fingerprint, 201, 'application/json', p_answer);
END $$;
