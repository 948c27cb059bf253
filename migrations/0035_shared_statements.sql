-- squawk-ignore-file ban-drop-function -- each comes again in this transaction, with what its callers hand it
-- Several requests share a statement, and so a transaction: nobody in it may keep the others waiting. What is
-- locked for longer than a moment goes the long way. First uploads and first answers, which need a stream or a
-- data key that is not there yet, are done at once as well.

-- What a request has to look at first is SQL that the planner puts into the shared statement: made ready once for
-- all who share it, not once for each. The resident whom it is for has entered in the row before.

-- `noted`: something was deleted or replaced by its id in one of the streams. It is looked for where `p_ids`.
DROP FUNCTION donation_look(uuid, text, text[], text[], integer);
CREATE FUNCTION donation_look(
    p_resident uuid, p_source text, p_measures text[], p_categories text[], p_most_uploads integer, p_ids boolean DEFAULT false)
RETURNS TABLE (
    categories text[], periods tstzmultirange[], live boolean[],
    scopes text[], versions integer[], keks text[], wrapped bytea[],
    stream_ids uuid[], measures text[], heads bigint[], seqs bigint[], wait integer,
    event_seq bigint, blocks uuid[], noted boolean)
LANGUAGE sql STABLE AS $$
    SELECT c.*, k.*, t.*,
           (SELECT h.seq FROM consent_head h WHERE h.resident_id = p_resident),
           (SELECT array_agg(b.block_id ORDER BY b.block_id) FROM block b
             WHERE b.resident_id = p_resident AND b.lifted_at IS NULL),
           p_ids AND EXISTS (SELECT FROM sample_deletion d
                              WHERE d.resident_id = p_resident AND d.stream_id = ANY (t.stream_ids))
      FROM (SELECT array_agg(c.category), array_agg(c.data_period), array_agg(c.live)
              FROM collectable c WHERE c.resident_id = p_resident AND c.category = ANY (p_categories)) c,
           (SELECT array_agg(k.scope), array_agg(k.version), array_agg(k.kek), array_agg(k.wrapped)
              FROM data_key k WHERE k.resident_id = p_resident AND k.scope = ANY (p_categories)) k,
           (SELECT array_agg(s.stream_id) AS stream_ids, array_agg(s.measure), array_agg(s.head_ms), array_agg(s.seq),
                   max(CASE WHEN s.recent_uploads >= p_most_uploads
                             AND s.recent_since > statement_timestamp() - interval '1 minute'
                            THEN ceil(60 - extract(epoch FROM statement_timestamp() - s.recent_since))::integer END)
              FROM stream s
             WHERE s.resident_id = p_resident AND s.source = p_source AND s.measure = ANY (p_measures)) t
$$;

DROP FUNCTION response_look(uuid, uuid, uuid, text, text);
CREATE FUNCTION response_look(p_resident uuid, p_response uuid, p_study uuid, p_url text, p_version text)
RETURNS TABLE (
    revision integer, state text, questionnaire text, study_id uuid, assignment_id uuid,
    questionnaire_id uuid, status text, category text, periods tstzmultirange[],
    versions integer[], keks text[], wrapped bytea[])
LANGUAGE sql STABLE AS $$
    SELECT r.*, q.*,
           (SELECT array_agg(p.data_period) FROM permit p
             WHERE p.resident_id = p_resident AND p.study_id = p_study AND p.use = 'study' AND p.category = q.category),
           k.*
      FROM (VALUES (true)) one
      LEFT JOIN LATERAL (
           SELECT r.revision, r.state, r.questionnaire, r.study_id, r.assignment_id
             FROM response r
            WHERE r.resident_id = p_resident AND r.response_id = p_response
            ORDER BY r.revision DESC
            LIMIT 1) r ON true
      LEFT JOIN LATERAL (
           SELECT q.questionnaire_id, q.status, q.category
             FROM questionnaire_version q
            WHERE q.url = p_url AND q.version = p_version AND q.published_at IS NOT NULL
              AND (q.study_id = p_study OR q.study_id IS NULL)
            LIMIT 1) q ON true
      LEFT JOIN LATERAL (
           SELECT array_agg(k.version), array_agg(k.kek), array_agg(k.wrapped)
             FROM data_key k WHERE k.resident_id = p_resident AND k.scope = q.category) k ON true
$$;

DROP FUNCTION consents_standing(uuid);
CREATE FUNCTION consents_standing(p_resident uuid)
RETURNS TABLE (
    seq bigint, item_id uuid, category text, study_id uuid, use text, notice_version integer, event_seq bigint,
    since timestamptz, valid_until timestamptz, status text, paused_until timestamptz, collects boolean)
LANGUAGE sql STABLE AS $$
    SELECT h.seq, g.item_id, g.category, g.study_id, g.use, g.notice_version, g.event_seq, g.since, g.valid_until,
           CASE WHEN g.valid_until <= statement_timestamp()
                 AND g.status IN ('ConsentGiven', 'RenewedConsentGiven')
                THEN 'ConsentExpired' ELSE g.status END,
           CASE WHEN g.pauses @> statement_timestamp() THEN upper(g.pauses) END,
           (g.data_period - g.pauses) @> statement_timestamp()
      FROM consent_head h
      LEFT JOIN consent_grant g ON g.resident_id = h.resident_id
     WHERE h.resident_id = p_resident
     ORDER BY g.item_id, g.category
$$;

-- What a study may see is asked by a function: as a part of every policy it was made ready in every statement on
-- these tables, a resident's own included.
CREATE FUNCTION study_was_given(p_resident uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM consent_grant g WHERE g.resident_id = p_resident AND g.study_id = app_study());
END $$;
CREATE FUNCTION study_may_see(p_resident uuid, p_category text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM consent_grant g
         WHERE g.resident_id = p_resident AND g.study_id = app_study() AND g.category = p_category
           AND NOT isempty(g.data_period) AND NOT g.pauses @> statement_timestamp()
           AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp()));
END $$;
ALTER POLICY study ON assignment USING (study_id = app_study() AND study_may_see(resident_id, category));
ALTER POLICY study ON block USING (app_study() IS NOT NULL AND study_was_given(resident_id));
ALTER POLICY study ON concern USING (study_id = app_study() AND study_may_see(resident_id, category));
ALTER POLICY study ON data_key USING (app_study() IS NOT NULL AND study_may_see(resident_id, scope));
ALTER POLICY study ON response USING (study_id = app_study() AND state <> 'draft' AND study_may_see(resident_id, category));
ALTER POLICY study ON sample_deletion USING (app_study() IS NOT NULL AND study_may_see(resident_id, category));
ALTER POLICY study ON segment USING (app_study() IS NOT NULL AND study_may_see(resident_id, category));
ALTER POLICY study ON stream USING (app_study() IS NOT NULL AND study_may_see(resident_id, category));
ALTER POLICY study ON withdrawal USING (app_study() IS NOT NULL AND study_was_given(resident_id));

-- Streams that are to be made have a `p_seqs` of -1, data keys that are stand in `p_keys`, wrapped and in base64.
-- The segments' bodies stand in `p_bodies`, each at its place from 1 on.
DROP FUNCTION donation_append_at_once(
    uuid, bigint, uuid[], text, text, bytea, bytea, uuid[], bigint[], uuid[], text[], integer[], bigint[], bigint[], integer[], bytea[]);
CREATE FUNCTION donation_append_at_once(
    p_resident uuid, p_event_seq bigint, p_blocks uuid[],
    p_route text, p_key text, p_fingerprint bytea, p_answer bytea,
    p_source text, p_keys jsonb,
    p_streams uuid[], p_measures text[], p_seqs bigint[], p_segments uuid[], p_categories text[], p_versions integer[],
    p_firsts bigint[], p_lasts bigint[], p_samples integer[], p_places integer[], p_sizes integer[], p_bodies bytea)
RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '50ms' AS $$
DECLARE
    acting constant text := set_config('app.resident', p_resident::text, true);
    stored integer;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(uuid_hash_extended(l.resident_id, 0))
       FROM resident_lock l WHERE l.resident_id = p_resident;
    IF FOUND THEN
        IF p_keys <> '[]' THEN
            INSERT INTO data_key (resident_id, scope, version, kek, wrapped)
            SELECT p_resident, made.scope, made.version, made.kek, decode(made.wrapped, 'base64')
              FROM jsonb_to_recordset(p_keys) AS made (scope text, version integer, kek text, wrapped text);
        END IF;
        IF -1 = ANY (p_seqs) THEN
            INSERT INTO stream (resident_id, stream_id, measure, category, source, head_ms, samples)
            SELECT p_resident, made.stream_id, made.measure, made.category, p_source, 0, 0
              FROM unnest(p_streams, p_measures, p_categories, p_seqs) AS made (stream_id, measure, category, seq)
             WHERE made.seq = -1;
        END IF;
        WITH moved AS (
            UPDATE stream s
               SET seq = s.seq + 1,
                   loose = s.loose + 1,
                   head_ms = g.last_ms,
                   samples = s.samples + g.samples,
                   last_upload_at = statement_timestamp(),
                   last_upload_key = p_key,
                   recent_since = CASE WHEN s.recent_since < statement_timestamp() - interval '1 minute'
                                       THEN statement_timestamp() ELSE s.recent_since END,
                   recent_uploads = CASE WHEN s.recent_since < statement_timestamp() - interval '1 minute'
                                         THEN 1 ELSE s.recent_uploads + 1 END
              FROM unnest(p_streams, p_seqs, p_segments, p_categories, p_versions, p_firsts, p_lasts, p_samples,
                          p_places, p_sizes)
                   AS g (stream_id, seq, segment_id, category, version, first_ms, last_ms, samples, place, size)
             WHERE s.resident_id = p_resident AND s.stream_id = g.stream_id AND s.seq = greatest(g.seq, 0)
               AND EXISTS (SELECT FROM consent_head h WHERE h.resident_id = p_resident AND h.seq = p_event_seq)
               AND p_blocks = ARRAY(SELECT b.block_id FROM block b
                                     WHERE b.resident_id = p_resident AND b.lifted_at IS NULL ORDER BY b.block_id)
            RETURNING s.stream_id, s.seq, g.segment_id, g.category, g.version, g.first_ms, g.last_ms,
                      g.samples, g.place, g.size),
        said AS (
            INSERT INTO reply (actor_id, route, key, fingerprint, status, content_type, body)
            VALUES (p_resident, p_route, p_key, p_fingerprint, 200, 'application/json', p_answer))
        INSERT INTO segment (resident_id, stream_id, segment_id, category, key_version, first_ms, last_ms, samples, body, seq)
        SELECT p_resident, m.stream_id, m.segment_id, m.category, m.version, m.first_ms, m.last_ms,
               m.samples, substring(p_bodies FROM m.place FOR m.size), m.seq
          FROM moved m
          JOIN data_key k ON k.resident_id = p_resident AND k.scope = m.category AND k.version = m.version;
        GET DIAGNOSTICS stored = ROW_COUNT;
    END IF;
    IF stored IS DISTINCT FROM cardinality(p_streams) THEN
        RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
    END IF;
    RETURN true;
END $$;

DROP FUNCTION response_submit_at_once(
    uuid, text, text, bytea, bytea, uuid, uuid, uuid, text, uuid, text, timestamptz, timestamptz, integer, bytea);
CREATE FUNCTION response_submit_at_once(
    p_resident uuid, p_route text, p_key text, p_fingerprint bytea, p_answer bytea,
    p_response uuid, p_study uuid, p_assignment uuid, p_questionnaire text, p_questionnaire_id uuid,
    p_category text, p_authored timestamptz, p_received timestamptz,
    p_keys jsonb, p_key_version integer, p_body bytea)
RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '50ms' AS $$
DECLARE
    acting constant text := set_config('app.resident', p_resident::text, true);
    stored integer;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(uuid_hash_extended(l.resident_id, 0))
       FROM resident_lock l WHERE l.resident_id = p_resident;
    IF FOUND AND p_keys <> '[]' THEN
        INSERT INTO data_key (resident_id, scope, version, kek, wrapped)
        SELECT p_resident, made.scope, made.version, made.kek, decode(made.wrapped, 'base64')
          FROM jsonb_to_recordset(p_keys) AS made (scope text, version integer, kek text, wrapped text);
    END IF;
    IF FOUND AND p_assignment IS NOT NULL THEN
        UPDATE assignment a
           SET state = 'completed', response_id = p_response, written_at = p_authored,
               received_at = p_received, knocks_at = '{}'
         WHERE a.resident_id = p_resident AND a.assignment_id = p_assignment
           AND a.study_id = p_study AND a.questionnaire = p_questionnaire
           AND a.state IN ('due', 'draft') AND a.opens_at <= p_authored AND a.expires_at > p_received;
    END IF;
    IF FOUND THEN
        WITH said AS (
            INSERT INTO reply (actor_id, route, key, fingerprint, status, content_type, body)
            VALUES (p_resident, p_route, p_key, p_fingerprint, 201, 'application/json', p_answer))
        INSERT INTO response (resident_id, response_id, revision, key_version, body, state, study_id,
                              assignment_id, questionnaire, category, authored_at, received_at)
        SELECT p_resident, p_response, 1, p_key_version, p_body, 'completed', p_study,
               p_assignment, p_questionnaire, p_category, p_authored, p_received
          FROM data_key k
         WHERE k.resident_id = p_resident AND k.scope = p_category AND k.version = p_key_version
           AND EXISTS (
               SELECT FROM permit p
                WHERE p.resident_id = p_resident AND p.study_id = p_study AND p.use = 'study'
                  AND p.category = p_category AND p.data_period @> p_authored)
           AND EXISTS (
               SELECT FROM questionnaire_version q
                WHERE q.questionnaire_id = p_questionnaire_id
                  AND (q.status = 'active' OR p_assignment IS NOT NULL));
        GET DIAGNOSTICS stored = ROW_COUNT;
    END IF;
    IF stored IS DISTINCT FROM 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
    END IF;
    RETURN true;
END $$;

ALTER FUNCTION answer_at_once(text, bytea, timestamptz, text, text, bytea, jsonb, text[]) SET lock_timeout = '50ms';
ALTER FUNCTION withdraw_at_once(
    text, bytea, timestamptz, text, text, bytea, text, uuid, uuid, text, text, timestamptz, boolean) SET lock_timeout = '50ms';
