-- squawk-ignore-file ban-drop-function -- it comes again in this transaction, with what its caller hands it
-- Responses of residents who share a statement are looked at one after the other, and written together (as 0037).

-- Each who asks brings one new response that was judged by `response_look`, sealed in p_bodies[n]. Data keys that are to
-- be made stand in `keys`, wrapped and in base64. All is stored, and assignments are completed, or nothing.
DROP FUNCTION response_submit_at_once(
    uuid, text, text, bytea, bytea, uuid, uuid, uuid, text, uuid, text, timestamptz, timestamptz, jsonb, integer, bytea);
CREATE FUNCTION response_submit_at_once(p_asked jsonb, p_bodies bytea[]) RETURNS TABLE (n integer, stored boolean)
LANGUAGE plpgsql SET lock_timeout = '50ms' AS $$
#variable_conflict use_column
DECLARE
    one record;
    sound boolean;
BEGIN
    FOR one IN
        SELECT * FROM jsonb_to_recordset(p_asked) AS a (
               resident_id uuid, response_id uuid, study_id uuid, assignment_id uuid, questionnaire text,
               questionnaire_id uuid, category text, authored_at timestamptz, received_at timestamptz,
               keys jsonb, key_version integer)
    LOOP
        -- Looked at behind the lock: by statements that begin when it is held.
        sound := act_as(one.resident_id) IS NOT NULL
             AND pg_advisory_xact_lock_shared(uuid_hash_extended(one.resident_id, 0)) IS NOT NULL;
        IF one.assignment_id IS NOT NULL THEN
            UPDATE assignment a
               SET state = 'completed', response_id = one.response_id, written_at = one.authored_at,
                   received_at = one.received_at, knocks_at = '{}'
             WHERE a.resident_id = one.resident_id AND a.assignment_id = one.assignment_id
               AND a.study_id = one.study_id AND a.questionnaire = one.questionnaire
               AND a.state IN ('due', 'draft') AND a.opens_at <= one.authored_at AND a.expires_at > one.received_at;
            sound := FOUND;
        END IF;
        IF sound THEN
            SELECT EXISTS (
                   SELECT FROM permit p
                    WHERE p.resident_id = one.resident_id AND p.study_id = one.study_id AND p.use = 'study'
                      AND p.category = one.category AND p.data_period @> one.authored_at)
               AND (one.keys <> '[]' OR EXISTS (
                   SELECT FROM data_key k
                    WHERE k.resident_id = one.resident_id AND k.scope = one.category AND k.version = one.key_version))
              INTO sound
              FROM questionnaire_version q
              JOIN resident_lock l ON l.resident_id = one.resident_id
             WHERE q.questionnaire_id = one.questionnaire_id
               AND (q.status = 'active' OR one.assignment_id IS NOT NULL);
        END IF;
        IF sound IS NOT TRUE THEN
            RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
        END IF;
    END LOOP;
    WITH made AS (
        INSERT INTO data_key (resident_id, scope, version, kek, wrapped)
        SELECT act_as(a.resident_id), k.scope, k.version, k.kek, decode(k.wrapped, 'base64')
          FROM jsonb_to_recordset(p_asked) AS a (resident_id uuid, keys jsonb)
         CROSS JOIN LATERAL jsonb_to_recordset(a.keys) AS k (scope text, version integer, kek text, wrapped text)),
    said AS (
        INSERT INTO reply (actor_id, route, key, fingerprint, status, content_type, body)
        SELECT act_as(a.resident_id), a.route, a.key, decode(a.fingerprint, 'base64'), 201, 'application/json',
               decode(a.answer, 'base64')
          FROM jsonb_to_recordset(p_asked) AS a (resident_id uuid, route text, key text, fingerprint text, answer text))
    INSERT INTO response (resident_id, response_id, revision, key_version, body, state, study_id,
                          assignment_id, questionnaire, category, authored_at, received_at)
    SELECT act_as(a.resident_id), a.response_id, 1, a.key_version, p_bodies[a.n], 'completed', a.study_id,
           a.assignment_id, a.questionnaire, a.category, a.authored_at, a.received_at
      FROM jsonb_to_recordset(p_asked) AS a (
           n integer, resident_id uuid, response_id uuid, study_id uuid, assignment_id uuid, questionnaire text,
           category text, authored_at timestamptz, received_at timestamptz, key_version integer);
    RETURN QUERY SELECT a.n, true FROM jsonb_to_recordset(p_asked) AS a (n integer);
END $$;
