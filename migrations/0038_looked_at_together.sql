-- squawk-ignore-file ban-drop-function -- it comes again in this transaction, with what its caller hands it
-- Of what it took to look whether an upload or a response may be stored, most was to make a statement ready and put it away
-- again. Residents who share a statement are looked at by one: `act_as` names each before their subquery looks, row by row.
-- Where a plan looked otherwise, policies would show it less, and nothing would be stored at once.
-- Responses are written together, as 0037 has it of uploads.

-- Each who asks brings the segments of one upload, one of each stream, with `measure`; a stream that is to be made has
-- a `seq` of -1. Data keys that are to be made stand in `keys`, wrapped and in base64. The segments' bodies stand
-- beside, those of the n-th in p_bodies[n], each at its `place` from 1 on. All of it is stored, or nothing.
CREATE OR REPLACE FUNCTION donation_append_at_once(p_asked jsonb, p_bodies bytea[])
RETURNS TABLE (n integer, stored boolean)
LANGUAGE plpgsql SET lock_timeout = '50ms' AS $$
#variable_conflict use_column
DECLARE
    one record;
    held boolean;
    expected integer;
    appended integer;
BEGIN
    FOR one IN SELECT * FROM jsonb_to_recordset(p_asked) AS a (resident_id uuid) LOOP
        held := pg_advisory_xact_lock_shared(uuid_hash_extended(one.resident_id, 0)) IS NOT NULL;
    END LOOP;
    -- What follows begins when all are held.
    INSERT INTO data_key (resident_id, scope, version, kek, wrapped)
    SELECT act_as(a.resident_id), made.scope, made.version, made.kek, decode(made.wrapped, 'base64')
      FROM jsonb_to_recordset(p_asked) AS a (resident_id uuid, keys jsonb)
     CROSS JOIN LATERAL jsonb_to_recordset(a.keys) AS made (scope text, version integer, kek text, wrapped text);
    SELECT CASE WHEN bool_and(seen.sound) THEN sum(seen.additions) END
      INTO expected
      FROM (SELECT jsonb_array_length(a.additions) AS additions, (
                   SELECT h.seq = a.event_seq
                      AND a.blocks = ARRAY(SELECT b.block_id FROM block b
                                            WHERE b.resident_id = me.resident_id AND b.lifted_at IS NULL ORDER BY b.block_id)
                      AND NOT EXISTS (
                          SELECT FROM jsonb_to_recordset(a.additions) AS g (category text, version integer)
                           WHERE NOT EXISTS (
                                 SELECT FROM data_key k
                                  WHERE k.resident_id = me.resident_id AND k.scope = g.category AND k.version = g.version))
                     FROM consent_head h JOIN resident_lock l ON l.resident_id = h.resident_id
                    WHERE h.resident_id = me.resident_id) IS TRUE AS sound
              FROM jsonb_to_recordset(p_asked) AS a (resident_id uuid, event_seq bigint, blocks uuid[], additions jsonb)
             CROSS JOIN LATERAL (SELECT act_as(a.resident_id) AS resident_id) me) seen;
    IF expected IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
    END IF;
    WITH given AS MATERIALIZED (
        SELECT a.n, a.resident_id, a.key, a.source, g.*
          FROM jsonb_to_recordset(p_asked) AS a (n integer, resident_id uuid, key text, source text, additions jsonb)
         CROSS JOIN LATERAL jsonb_to_recordset(a.additions) AS g (
               stream_id uuid, seq bigint, measure text, segment_id uuid, category text, version integer,
               first_ms bigint, last_ms bigint, samples integer, place integer, size integer)),
    moved AS (
        INSERT INTO stream AS s (resident_id, stream_id, measure, category, source, head_ms, samples, seq, loose,
                                 last_upload_at, last_upload_key, recent_since, recent_uploads)
        SELECT act_as(g.resident_id), g.stream_id, g.measure, g.category, g.source, g.last_ms, g.samples,
               greatest(g.seq, 0) + 1, 1, statement_timestamp(), g.key, statement_timestamp(), 1
          FROM given g
            ON CONFLICT (resident_id, stream_id) DO UPDATE
           SET seq = excluded.seq,
               loose = s.loose + 1,
               head_ms = excluded.head_ms,
               samples = s.samples + excluded.samples,
               last_upload_at = excluded.last_upload_at,
               last_upload_key = excluded.last_upload_key,
               recent_since = CASE WHEN s.recent_since < excluded.recent_since - interval '1 minute'
                                   THEN excluded.recent_since ELSE s.recent_since END,
               recent_uploads = CASE WHEN s.recent_since < excluded.recent_since - interval '1 minute'
                                     THEN 1 ELSE s.recent_uploads + 1 END
         WHERE s.seq = excluded.seq - 1
        RETURNING s.stream_id, new.seq, old.seq IS NULL AS made),
    said AS (
        INSERT INTO reply (actor_id, route, key, fingerprint, status, content_type, body)
        SELECT act_as(a.resident_id), a.route, a.key, decode(a.fingerprint, 'base64'), 200, 'application/json',
               decode(a.answer, 'base64')
          FROM jsonb_to_recordset(p_asked) AS a (resident_id uuid, route text, key text, fingerprint text, answer text))
    INSERT INTO segment (resident_id, stream_id, segment_id, category, key_version, first_ms, last_ms, samples, body, seq)
    SELECT act_as(g.resident_id), g.stream_id, g.segment_id, g.category, g.version, g.first_ms, g.last_ms,
           g.samples, substring(p_bodies[g.n] FROM g.place FOR g.size), m.seq
      FROM moved m JOIN given g ON g.stream_id = m.stream_id AND m.made = (g.seq < 0);
    GET DIAGNOSTICS appended = ROW_COUNT;
    IF appended <> expected THEN
        RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
    END IF;
    RETURN QUERY SELECT a.n, true FROM jsonb_to_recordset(p_asked) AS a (n integer);
END $$;

-- Each who asks brings one new response that was judged by `response_look`, sealed in p_bodies[n]. Data keys that are to
-- be made stand in `keys`, wrapped and in base64. All is stored, and assignments are completed, or nothing.
DROP FUNCTION response_submit_at_once(
    uuid, text, text, bytea, bytea, uuid, uuid, uuid, text, uuid, text, timestamptz, timestamptz, jsonb, integer, bytea);
CREATE FUNCTION response_submit_at_once(p_asked jsonb, p_bodies bytea[]) RETURNS TABLE (n integer, stored boolean)
LANGUAGE plpgsql SET lock_timeout = '50ms' AS $$
#variable_conflict use_column
DECLARE
    one record;
    held boolean;
    sound boolean;
BEGIN
    FOR one IN
        SELECT * FROM jsonb_to_recordset(p_asked) AS a (
               resident_id uuid, response_id uuid, study_id uuid, assignment_id uuid, questionnaire text,
               authored_at timestamptz, received_at timestamptz)
    LOOP
        held := pg_advisory_xact_lock_shared(uuid_hash_extended(one.resident_id, 0)) IS NOT NULL;
        CONTINUE WHEN one.assignment_id IS NULL;
        PERFORM act_as(one.resident_id);
        UPDATE assignment a
           SET state = 'completed', response_id = one.response_id, written_at = one.authored_at,
               received_at = one.received_at, knocks_at = '{}'
         WHERE a.resident_id = one.resident_id AND a.assignment_id = one.assignment_id
           AND a.study_id = one.study_id AND a.questionnaire = one.questionnaire
           AND a.state IN ('due', 'draft') AND a.opens_at <= one.authored_at AND a.expires_at > one.received_at;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
        END IF;
    END LOOP;
    -- What follows begins when all are held.
    SELECT bool_and(seen.sound)
      INTO sound
      FROM (SELECT (
                   SELECT (q.status = 'active' OR a.assignment_id IS NOT NULL)
                      AND (a.keys <> '[]' OR EXISTS (
                          SELECT FROM data_key k
                           WHERE k.resident_id = me.resident_id AND k.scope = a.category AND k.version = a.key_version))
                      AND EXISTS (
                          SELECT FROM permit p
                           WHERE p.resident_id = me.resident_id AND p.study_id = a.study_id AND p.use = 'study'
                             AND p.category = a.category AND p.data_period @> a.authored_at)
                     FROM questionnaire_version q JOIN resident_lock l ON l.resident_id = me.resident_id
                    WHERE q.questionnaire_id = a.questionnaire_id) IS TRUE AS sound
              FROM jsonb_to_recordset(p_asked) AS a (
                   resident_id uuid, study_id uuid, assignment_id uuid, questionnaire_id uuid, category text,
                   authored_at timestamptz, keys jsonb, key_version integer)
             CROSS JOIN LATERAL (SELECT act_as(a.resident_id) AS resident_id) me) seen;
    IF sound IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
    END IF;
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

-- Let a resident in by a statement that looks on for them. It is said to be STABLE to become part of its caller's plan, not
-- a call for each row. LIMIT has each step looked up when the one before has named whom policies let look.
DROP FUNCTION enter_alone(text, bytea);
CREATE FUNCTION enter_alone(p_issuer text, p_subject_hmac bytea)
RETURNS TABLE (resident_id uuid, language text, zone text, refused_until timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT me.resident_id, r.language, r.zone, CASE WHEN me.resident_id IS NULL THEN i.erased_at ELSE r.signed_out_at END
      FROM (SELECT set_config('app.subject', encode(p_subject_hmac, 'hex'), true) AS subject) said
      LEFT JOIN LATERAL (
           SELECT i.resident_id, i.erased_at FROM identity i
            WHERE i.subject_hmac = decode(said.subject, 'hex') AND i.issuer = p_issuer LIMIT 1) i ON true
      LEFT JOIN LATERAL (SELECT act_as(i.resident_id) AS resident_id WHERE i.resident_id IS NOT NULL) me ON true
      LEFT JOIN LATERAL (
           SELECT r.language, r.zone, r.signed_out_at FROM resident r WHERE r.resident_id = me.resident_id LIMIT 1) r ON true
$$;
