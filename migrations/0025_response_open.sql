-- What a response has to know before it can be judged and stored, in one round trip, behind the
-- resident's lock: how it stands, the questionnaire that it names, what its study is permitted, the keys.
-- Each statement inside sees what was committed when it began: the lock first, then what it holds off.
CREATE FUNCTION response_open(p_resident uuid, p_response uuid, p_study uuid, p_url text, p_version text)
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
    SELECT r.revision, r.state, r.questionnaire, r.study_id, r.assignment_id
      INTO revision, state, questionnaire, study_id, assignment_id
      FROM response r
     WHERE r.resident_id = p_resident AND r.response_id = p_response
     ORDER BY r.revision DESC
     LIMIT 1
       FOR UPDATE;
    SELECT q.questionnaire_id, q.status, q.category INTO questionnaire_id, status, category
      FROM questionnaire_version q
     WHERE q.url = p_url AND q.version = p_version AND q.published_at IS NOT NULL
       AND (q.study_id = p_study OR q.study_id IS NULL);
    SELECT array_agg(p.data_period) INTO periods
      FROM permit p
     WHERE p.resident_id = p_resident AND p.study_id = p_study AND p.use = 'study'
       AND p.category = response_open.category;
    SELECT array_agg(k.version), array_agg(k.kek), array_agg(k.wrapped) INTO versions, keks, wrapped
      FROM data_key k
     WHERE k.resident_id = p_resident AND k.scope = response_open.category;
    RETURN NEXT;
END $$;
