-- A submission in two round trips, as uploads have it (0014): look, judge and seal without a lock, then
-- store it where all that it hangs on still holds. Anything else goes the long way.

-- How a response stands, the questionnaire that it names, what its study is permitted, and the keys.
CREATE FUNCTION response_look(p_resident uuid, p_response uuid, p_study uuid, p_url text, p_version text)
RETURNS TABLE (
    revision integer, state text, questionnaire text, study_id uuid, assignment_id uuid,
    questionnaire_id uuid, status text, category text, periods tstzmultirange[],
    versions integer[], keks text[], wrapped bytea[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    SELECT r.revision, r.state, r.questionnaire, r.study_id, r.assignment_id
      INTO revision, state, questionnaire, study_id, assignment_id
      FROM response r
     WHERE r.resident_id = p_resident AND r.response_id = p_response
     ORDER BY r.revision DESC
     LIMIT 1;
    SELECT q.questionnaire_id, q.status, q.category INTO questionnaire_id, status, category
      FROM questionnaire_version q
     WHERE q.url = p_url AND q.version = p_version AND q.published_at IS NOT NULL
       AND (q.study_id = p_study OR q.study_id IS NULL);
    SELECT array_agg(p.data_period) INTO periods
      FROM permit p
     WHERE p.resident_id = p_resident AND p.study_id = p_study AND p.use = 'study'
       AND p.category = response_look.category;
    SELECT array_agg(k.version), array_agg(k.kek), array_agg(k.wrapped) INTO versions, keks, wrapped
      FROM data_key k
     WHERE k.resident_id = p_resident AND k.scope = response_look.category;
    RETURN NEXT;
END $$;

-- The same behind the resident's lock, with the response kept as it is until COMMIT. Each statement
-- inside sees what was committed when it began: the locks first, then what they hold off.
CREATE OR REPLACE FUNCTION response_open(p_resident uuid, p_response uuid, p_study uuid, p_url text, p_version text)
RETURNS TABLE (
    revision integer, state text, questionnaire text, study_id uuid, assignment_id uuid,
    questionnaire_id uuid, status text, category text, periods tstzmultirange[],
    versions integer[], keks text[], wrapped bytea[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM pg_advisory_xact_lock_shared(uuid_hash_extended(l.resident_id, 0))
       FROM resident_lock l WHERE l.resident_id = p_resident;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM FROM response r WHERE r.resident_id = p_resident AND r.response_id = p_response FOR UPDATE;
    RETURN QUERY SELECT * FROM response_look(p_resident, p_response, p_study, p_url, p_version);
END $$;

-- A new response judged by `response_look`: stored, and its assignment completed, where behind the lock
-- its study is permitted what it was written of, its questionnaire is asked and its key is there.
-- Times are microseconds since 1970.
CREATE PROCEDURE response_submit_at_once(
    p_resident uuid, p_response uuid, p_study uuid, p_assignment uuid, p_questionnaire text,
    p_questionnaire_id uuid, p_category text, p_authored bigint, p_received bigint,
    p_key_version integer, p_body bytea)
LANGUAGE plpgsql AS $$
DECLARE
    epoch constant timestamptz := 'epoch';
    authored constant timestamptz := epoch + p_authored * interval '1 microsecond';
    received constant timestamptz := epoch + p_received * interval '1 microsecond';
    as_it_was boolean;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(uuid_hash_extended(l.resident_id, 0))
       FROM resident_lock l WHERE l.resident_id = p_resident;
    as_it_was := FOUND
        AND EXISTS (
            SELECT FROM permit p
             WHERE p.resident_id = p_resident AND p.study_id = p_study AND p.use = 'study'
               AND p.category = p_category AND p.data_period @> authored)
        AND EXISTS (
            SELECT FROM questionnaire_version q
             WHERE q.questionnaire_id = p_questionnaire_id
               AND (q.status = 'active' OR p_assignment IS NOT NULL))
        AND EXISTS (
            SELECT FROM data_key k
             WHERE k.resident_id = p_resident AND k.scope = p_category AND k.version = p_key_version);
    IF as_it_was AND p_assignment IS NOT NULL THEN
        UPDATE assignment a
           SET state = 'completed', response_id = p_response, written_at = authored,
               received_at = received, knocks_at = '{}'
         WHERE a.resident_id = p_resident AND a.assignment_id = p_assignment
           AND a.study_id = p_study AND a.questionnaire = p_questionnaire
           AND a.state IN ('due', 'draft') AND a.opens_at <= authored AND a.expires_at > received;
        as_it_was := FOUND;
    END IF;
    IF NOT as_it_was THEN
        RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
    END IF;
    INSERT INTO response (resident_id, response_id, revision, key_version, body, state, study_id,
                          assignment_id, questionnaire, category, authored_at, received_at)
    VALUES (p_resident, p_response, 1, p_key_version, p_body, 'completed', p_study,
            p_assignment, p_questionnaire, p_category, authored, received);
END $$;
