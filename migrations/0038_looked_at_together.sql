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

-- The same for a request with a key that is new, or has been answered with these `events`; nobody else is let in. An answer
-- that came since the statement began is not seen: its key is there when this one's is to be written.
DROP FUNCTION enter_at_once(text, bytea, timestamptz, text, text, bytea);
CREATE FUNCTION enter_at_once(
    p_issuer text, p_subject_hmac bytea, p_issued_at timestamptz, p_route text, p_key text, p_fingerprint bytea)
RETURNS TABLE (resident_id uuid, events bigint[], seq bigint, hash bytea, unused boolean)
LANGUAGE sql STABLE AS $$
    SELECT me.resident_id, p.events, h.seq, h.hash, r.unused_since IS NOT NULL
      FROM (SELECT set_config('app.subject', encode(p_subject_hmac, 'hex'), true) AS subject) said
     CROSS JOIN LATERAL (
           SELECT i.resident_id FROM identity i
            WHERE i.subject_hmac = decode(said.subject, 'hex') AND i.issuer = p_issuer LIMIT 1) i
     CROSS JOIN LATERAL (
           SELECT act_as(i.resident_id) AS resident_id,
                  pg_try_advisory_xact_lock(hashtext(i.resident_id::text || p_route), hashtext(p_key)) AS turn
            WHERE i.resident_id IS NOT NULL) me
     CROSS JOIN LATERAL (
           SELECT r.signed_out_at, r.unused_since FROM resident r
            WHERE r.resident_id = me.resident_id AND r.state <> 'erased' LIMIT 1) r
     CROSS JOIN LATERAL (SELECT h.seq, h.hash FROM consent_head h WHERE h.resident_id = me.resident_id LIMIT 1) h
      LEFT JOIN LATERAL (
           SELECT p.actor_id, p.fingerprint, p.events FROM reply p
            WHERE p.actor_id = me.resident_id AND p.route = p_route AND p.key = p_key LIMIT 1) p ON true
     WHERE me.turn AND (r.signed_out_at IS NULL OR r.signed_out_at < p_issued_at)
       AND (p.actor_id IS NULL OR (p.fingerprint = p_fingerprint AND p.events IS NOT NULL))
$$;

-- Each who asks brings the answers of one request, all of them permits, and gets them all recorded or none.
CREATE OR REPLACE FUNCTION answer_at_once(p_asked jsonb) RETURNS TABLE (n integer, event consent_event, again boolean)
LANGUAGE plpgsql SET lock_timeout = '50ms' AS $$
#variable_conflict use_column
DECLARE
    one record;
    acting uuid;
    head consent_head;
    judged record;
    terms consent_terms;
    met uuid[] := '{}';
    residents uuid[] := '{}';
    events consent_event[] := '{}';
    replies reply[] := '{}';
BEGIN
    FOR one IN
        SELECT a.n, e.*, a.issuer, a.subject, a.issued_at, a.route, a.key, a.fingerprint, a.sensitive, o.*
          FROM (SELECT a.n, a.issuer, decode(a.subject, 'base64') AS subject, a.issued_at, a.route, a.key,
                       decode(a.fingerprint, 'base64') AS fingerprint, a.answers, a.sensitive
                  FROM jsonb_to_recordset(p_asked) AS a (
                       n integer, issuer text, subject text, issued_at timestamptz, route text, key text,
                       fingerprint text, answers jsonb, sensitive text[])) a
         CROSS JOIN LATERAL enter_at_once(a.issuer, a.subject, a.issued_at, a.route, a.key, a.fingerprint) e
         CROSS JOIN LATERAL jsonb_to_recordset(a.answers) AS o (
               item_id uuid, notice_version integer, language text, decision text, categories text[], past boolean,
               future boolean, valid_until timestamptz, seen_seq bigint, method text, claimed_at timestamptz)
    LOOP
        IF one.n IS DISTINCT FROM n THEN
            n := one.n;
            again := one.events IS NOT NULL;
            head.resident_id := one.resident_id;
            head.seq := one.seq;
            head.hash := one.hash;
            IF one.resident_id = ANY (met) THEN  -- another request of theirs follows from what was not yet written
                PERFORM consent_record(events);
                residents := '{}';
                events := '{}';
                SELECT e.resident_id, e.seq, e.hash INTO head
                  FROM enter_at_once(one.issuer, one.subject, one.issued_at, one.route, one.key, one.fingerprint) e;
            END IF;
            acting := act_as(one.resident_id);
            met := met || one.resident_id;
            IF again THEN
                RETURN QUERY SELECT one.n, c, true FROM consent_event c
                              WHERE c.resident_id = one.resident_id AND c.seq = ANY (one.events) ORDER BY c.seq;
            ELSE
                replies := replies || ROW(one.resident_id, one.route, one.key, one.fingerprint, 201, 'application/json',
                                          NULL, now(), '{}')::reply;
            END IF;
        END IF;
        CONTINUE WHEN again;
        IF one.resident_id = ANY (residents) THEN  -- so does their next answer
            PERFORM consent_record(events), act_as(one.resident_id);
            residents := '{}';
            events := '{}';
        END IF;
        judged := consent_judge(
            head, one.unused, one.item_id, one.notice_version, one.language, one.decision, one.categories,
            one.past, one.future, one.valid_until, one.seen_seq, one.resident_id, 'resident', one.method,
            one.claimed_at, one.sensitive, terms);
        IF judged.outcome <> 'recorded' THEN
            RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
        END IF;
        terms := judged.terms;
        event := judged.event;
        residents := residents || one.resident_id;
        events := events || event;
        head.seq := event.seq;
        head.hash := event.hash;
        replies[cardinality(replies)].events := replies[cardinality(replies)].events || event.seq;
        RETURN NEXT;
    END LOOP;
    IF cardinality(events) > 0 THEN
        PERFORM consent_record(events);
        INSERT INTO reply SELECT r.* FROM unnest(replies) r WHERE act_as(r.actor_id) IS NOT NULL;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION withdraw_at_once(
    p_issuer text, p_subject_hmac bytea, p_issued_at timestamptz, p_route text, p_key text, p_fingerprint bytea,
    p_scope text, p_item uuid, p_study uuid, p_category text, p_effect text, p_claimed_at timestamptz, p_wait boolean)
RETURNS TABLE (event consent_event, drained_at timestamptz, again boolean)
LANGUAGE plpgsql SET lock_timeout = '50ms' AS $$
#variable_conflict use_column
DECLARE
    who record;
    done record;
BEGIN
    SELECT e.* INTO who
      FROM enter_at_once(p_issuer, p_subject_hmac, p_issued_at, p_route, p_key, p_fingerprint) e;
    IF who.events IS NOT NULL THEN
        RETURN QUERY SELECT c, CASE r.status WHEN 200 THEN w.drained_at END, true
                       FROM consent_event c
                       JOIN withdrawal w ON w.resident_id = c.resident_id AND w.seq = c.seq
                       JOIN reply r ON r.actor_id = c.resident_id AND r.route = p_route AND r.key = p_key
                      WHERE c.resident_id = who.resident_id AND c.seq = ANY (who.events);
    ELSIF who.resident_id IS NULL
       OR EXISTS (SELECT FROM enrolment n WHERE n.resident_id = who.resident_id AND n.ended_at IS NULL)
       OR EXISTS (SELECT FROM stream s WHERE s.resident_id = who.resident_id) THEN
        RETURN;
    ELSIF NOT p_wait AND EXISTS (
           SELECT FROM (SELECT pg_try_advisory_xact_lock(uuid_hash_extended(l.resident_id, 0)) AS free
                          FROM resident_lock l WHERE l.resident_id = who.resident_id OFFSET 0) tried
            WHERE NOT tried.free) THEN
        RETURN NEXT;
    ELSE
        SELECT w.* INTO done FROM consent_withdraw(
               who.resident_id, who.resident_id, p_scope, p_item, p_study, p_category, p_effect, p_claimed_at) w;
        IF (done.event).seq IS NULL OR done.taking_part OR done.donated OR done.knocks THEN
            RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
        END IF;
        event := done.event;
        drained_at := done.drained_at;
        again := false;
        INSERT INTO reply (actor_id, route, key, fingerprint, status, content_type, events)
        VALUES (who.resident_id, p_route, p_key, p_fingerprint,
                CASE WHEN done.drained_at IS NULL THEN 202 ELSE 200 END, 'application/json', ARRAY[(done.event).seq]);
        RETURN NEXT;
    END IF;
END $$;
