-- squawk-ignore-file ban-drop-function -- each comes again in this transaction, with what its callers hand it
-- Of an answer's work in PostgreSQL two thirds were to make ready what it writes with. Residents who share a statement
-- have their answers judged one after the other, and written together: it is made ready once for all of them.

-- Who acts, as policies see it, from this row of a statement on. They look at each row when it is written.
CREATE FUNCTION act_as(p_resident uuid) RETURNS uuid
LANGUAGE sql RETURN set_config('app.resident', p_resident::text, true)::uuid;

-- The next event of a chain, with the hash that ties it to the one before.
CREATE FUNCTION consent_sealed(e consent_event, head consent_head) RETURNS consent_event
LANGUAGE plpgsql AS $$
BEGIN
    e.seq := head.seq + 1;
    e.prev_hash := head.hash;
    e.hash := sha256(e.prev_hash || convert_to(consent_event_text(e), 'UTF8'));
    RETURN e;
END $$;

-- Append sealed events, each of another resident. Where somebody was faster (and the head was not locked) it raises.
DROP FUNCTION consent_append(consent_event, consent_head);
CREATE FUNCTION consent_append(p_events consent_event[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    followed bigint;
BEGIN
    WITH said AS (
        INSERT INTO consent_event SELECT e.* FROM unnest(p_events) e WHERE act_as(e.resident_id) IS NOT NULL),
    moved AS (
        INSERT INTO consent_head AS h (resident_id, seq, hash)
        SELECT act_as(e.resident_id), e.seq, e.hash FROM unnest(p_events) e
            ON CONFLICT (resident_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash
         WHERE h.seq = excluded.seq - 1
        RETURNING old.seq)
    SELECT count(m.seq) INTO followed FROM moved m;
    IF followed <> cardinality(p_events) THEN
        RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
    END IF;
END $$;

-- An item in a version of its notice, as it is now. `superseded`: a minor or material version has come since.
CREATE TYPE consent_terms AS (
    item_id uuid, version integer, language text, notice_id uuid, study_id uuid, use text, categories text[], past boolean,
    future boolean, duration_days integer, current integer, superseded boolean, readable boolean, open boolean);

-- Judge an answer to follow from a head, and make its event: it is the caller's to record (`consent_record`), before the
-- resident's next. `p_unused`: nobody has used what they donated of late. `terms` are of the answer judged before in the
-- same statement, and looked up where this one is to other words.
DROP FUNCTION consent_answer(
    uuid, uuid, integer, text, text, text[], boolean, boolean, timestamptz, bigint, uuid, text, text, timestamptz, text[]);
CREATE FUNCTION consent_judge(
    p_head consent_head, p_unused boolean, p_item uuid, p_version integer, p_language text, p_decision text,
    p_categories text[], p_past boolean, p_future boolean, p_valid_until timestamptz, p_seen bigint,
    p_actor uuid, p_role text, p_method text, p_claimed_at timestamptz, p_sensitive text[],
    INOUT terms consent_terms, OUT outcome text, OUT event consent_event)
LANGUAGE plpgsql AS $$
DECLARE
    at constant timestamptz := clock_timestamp();
BEGIN
    IF (terms.item_id, terms.version, terms.language) IS DISTINCT FROM (p_item, p_version, p_language) THEN
        SELECT i.item_id, i.version, p_language, i.notice_id, i.study_id, i.use,
               ARRAY(SELECT DISTINCT c FROM unnest(i.categories) c ORDER BY c), i.past,
               i.future, i.duration_days, v.current, v.superseded,
               EXISTS (SELECT FROM notice_text t WHERE t.notice_id = i.notice_id
                          AND t.version = p_version AND t.language = p_language),
               i.study_id IS NULL OR EXISTS (
                   SELECT FROM study_in_force s
                    WHERE s.study_id = i.study_id AND s.status IN ('active', 'closed-to-accrual'))
          INTO terms
          FROM consent_item i
         CROSS JOIN LATERAL (
               SELECT max(n.version) AS current,
                      bool_or(n.version > p_version AND n.change <> 'editorial') AS superseded
                 FROM notice_version n WHERE n.notice_id = i.notice_id) v
         WHERE i.item_id = p_item AND i.version = p_version;
    END IF;
    IF p_head.resident_id IS NULL OR terms.item_id IS NULL THEN
        outcome := 'unknown'; RETURN;
    ELSIF p_seen > p_head.seq THEN
        outcome := 'not-yet-written'; RETURN;
    ELSIF p_decision = 'permit' AND terms.superseded THEN
        outcome := 'superseded'; RETURN;
    ELSIF NOT terms.readable THEN
        outcome := 'untranslated'; RETURN;
    ELSIF p_decision = 'permit' AND NOT terms.open THEN
        outcome := 'closed'; RETURN;
    END IF;
    IF cardinality(p_categories) > 1 THEN
        p_categories := ARRAY(SELECT DISTINCT c FROM unnest(p_categories) c ORDER BY c);
    ELSIF p_categories IS NULL AND p_decision = 'permit' AND cardinality(terms.categories) > 1
       AND terms.categories && p_sensitive THEN
        p_categories := ARRAY(SELECT c FROM unnest(terms.categories) c WHERE c <> ALL (p_sensitive));
    END IF;
    IF cardinality(p_categories) = 0 THEN
        outcome := 'unnamed'; RETURN;
    END IF;
    p_categories := coalesce(p_categories, terms.categories);
    p_past := coalesce(p_past, terms.past);
    p_future := coalesce(p_future, terms.future);
    IF p_decision = 'permit' AND (NOT p_categories <@ terms.categories
            OR (p_past AND NOT terms.past) OR (p_future AND NOT terms.future) OR NOT (p_past OR p_future)
            OR p_valid_until <= at) THEN
        outcome := 'beyond-scope'; RETURN;
    END IF;
    p_valid_until := least(p_valid_until, at + make_interval(days => terms.duration_days));

    event := ROW(
        p_head.resident_id, NULL, p_decision, 'item', p_item, terms.study_id, NULL, terms.notice_id, p_version, p_language,
        p_categories, terms.use,
        CASE WHEN p_decision = 'permit' THEN p_past END, CASE WHEN p_decision = 'permit' THEN p_future END,
        CASE WHEN p_decision = 'permit' THEN p_valid_until END, NULL, NULL, p_seen, false, p_actor, p_role, NULL, p_method,
        p_claimed_at, at, NULL, NULL)::consent_event;
    IF p_decision = 'permit' AND p_seen < p_head.seq THEN
        event.blind := EXISTS (
            SELECT FROM consent_event e
             WHERE e.resident_id = p_head.resident_id AND e.seq > p_seen
               AND CASE e.scope WHEN 'item' THEN e.item_id = p_item
                                WHEN 'study' THEN e.study_id = terms.study_id
                                WHEN 'category' THEN e.category = ANY (p_categories)
                                ELSE true END);
    END IF;
    event := consent_sealed(event, p_head);
    outcome := 'recorded';
    IF p_unused AND p_decision = 'permit' AND NOT event.blind AND terms.use IN ('study', 'keep') THEN
        UPDATE resident r SET unused_since = NULL WHERE r.resident_id = p_head.resident_id;
    END IF;
END $$;

-- Append answers, each of another resident, and bring the grants up to them.
CREATE FUNCTION consent_record(p_events consent_event[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    e consent_event;
BEGIN
    PERFORM consent_append(p_events);
    FOREACH e IN ARRAY p_events LOOP
        IF e.decision = 'deny' THEN
            -- A no to newer terms leaves a grant under the older ones as it is.
            PERFORM act_as(e.resident_id);
            UPDATE consent_grant g
               SET data_period = '{}', since = NULL, status = 'ConsentRefused', event_seq = e.seq
             WHERE g.resident_id = e.resident_id AND g.item_id = e.item_id AND g.notice_version >= e.notice_version;
            INSERT INTO consent_grant (resident_id, item_id, category, study_id, use, notice_version, recipients,
                                       ehds, status, event_seq, data_period)
            SELECT e.resident_id, e.item_id, c, e.study_id, e.use, e.notice_version, i.recipients,
                   i.ehds, 'ConsentRefused', e.seq, '{}'
              FROM consent_item i CROSS JOIN unnest(e.categories) c
             WHERE i.item_id = e.item_id AND i.version = e.notice_version
                ON CONFLICT DO NOTHING;
        ELSIF e.seq > 1 AND NOT e.blind THEN  -- before the first event there was nothing to narrow
            PERFORM act_as(e.resident_id);
            UPDATE consent_grant g
               SET data_period = '{}', since = NULL, status = 'ConsentWithdrawn', event_seq = e.seq
             WHERE g.resident_id = e.resident_id AND g.item_id = e.item_id AND NOT g.category = ANY (e.categories)
               AND NOT isempty(g.data_period);
        END IF;
    END LOOP;
    INSERT INTO consent_grant AS g (resident_id, item_id, category, study_id, use, notice_version, recipients,
                                    ehds, status, event_seq, since, valid_until, data_period)
    SELECT act_as(p.resident_id), p.item_id, c, p.study_id, p.use, p.notice_version, i.recipients,
           i.ehds, 'ConsentGiven', p.seq, p.recorded_at, p.valid_until,
           tstzmultirange(tstzrange(CASE WHEN p.past THEN NULL ELSE p.recorded_at END,
                                    CASE WHEN p.future THEN p.valid_until ELSE p.recorded_at END))
      FROM unnest(p_events) p
      JOIN consent_item i ON i.item_id = p.item_id AND i.version = p.notice_version
     CROSS JOIN LATERAL unnest(p.categories) c
     WHERE p.decision = 'permit' AND NOT p.blind
        ON CONFLICT (resident_id, item_id, category) DO UPDATE
       SET notice_version = excluded.notice_version, recipients = excluded.recipients, ehds = excluded.ehds,
           event_seq = excluded.event_seq, valid_until = excluded.valid_until,
           status = CASE WHEN g.status IN ('ConsentGiven', 'RenewedConsentGiven')
                          AND (g.valid_until IS NULL OR g.valid_until > excluded.since)
                         THEN 'RenewedConsentGiven' ELSE 'ConsentGiven' END,
           since = coalesce(g.since, excluded.since),
           data_period = g.data_period * tstzmultirange(tstzrange(coalesce(g.since, excluded.since), excluded.since))
                         + excluded.data_period;
END $$;

CREATE OR REPLACE FUNCTION consent_answers(p_resident uuid, p_actor uuid, p_role text, p_answers jsonb, p_sensitive text[])
RETURNS TABLE (outcome text, current_version integer, event consent_event)
LANGUAGE plpgsql AS $$
DECLARE
    one record;
    judged record;
    terms consent_terms;
    head consent_head;
    unused boolean;
BEGIN
    SELECT h.resident_id, h.seq, h.hash, r.unused_since IS NOT NULL
      INTO head.resident_id, head.seq, head.hash, unused
      FROM consent_head h JOIN resident r ON r.resident_id = h.resident_id
     WHERE h.resident_id = p_resident AND r.state <> 'erased'
       FOR UPDATE OF h;
    FOR one IN SELECT * FROM jsonb_to_recordset(p_answers) AS a (
        item_id uuid, notice_version integer, language text, decision text, categories text[], past boolean,
        future boolean, valid_until timestamptz, seen_seq bigint, method text, claimed_at timestamptz)
    LOOP
        judged := consent_judge(
            head, unused, one.item_id, one.notice_version, one.language, one.decision, one.categories,
            one.past, one.future, one.valid_until, one.seen_seq, p_actor, p_role, one.method, one.claimed_at, p_sensitive,
            terms);
        terms := judged.terms;
        outcome := judged.outcome;
        current_version := terms.current;
        event := judged.event;
        IF outcome = 'recorded' THEN
            PERFORM consent_record(ARRAY[event]);
            head.seq := event.seq;
            head.hash := event.hash;
        END IF;
        RETURN NEXT;
        EXIT WHEN outcome <> 'recorded';
    END LOOP;
END $$;

-- Let a resident in whose request with this key is new, or has been answered with these `events`; nobody else.
DROP FUNCTION enter_at_once(text, bytea, timestamptz, text, text, bytea);
CREATE FUNCTION enter_at_once(
    p_issuer text, p_subject_hmac bytea, p_issued_at timestamptz, p_route text, p_key text, p_fingerprint bytea,
    OUT resident_id uuid, OUT events bigint[], OUT head consent_head, OUT unused boolean)
LANGUAGE plpgsql AS $$
DECLARE
    said text := set_config('app.subject', encode(p_subject_hmac, 'hex'), true);
    admitted boolean;
BEGIN
    SELECT i.resident_id INTO resident_id FROM identity i
     WHERE i.subject_hmac = p_subject_hmac AND i.issuer = p_issuer;
    IF resident_id IS NULL THEN
        RETURN;
    END IF;
    said := set_config('app.resident', resident_id::text, true);
    IF pg_try_advisory_xact_lock(hashtext(resident_id::text || p_route), hashtext(p_key)) THEN
        SELECT p.events, h.resident_id, h.seq, h.hash, r.unused_since IS NOT NULL,
               (r.signed_out_at IS NULL OR r.signed_out_at < p_issued_at)
               AND (p.actor_id IS NULL OR (p.fingerprint = p_fingerprint AND p.events IS NOT NULL))
          INTO events, head.resident_id, head.seq, head.hash, unused, admitted
          FROM resident r
          JOIN consent_head h ON h.resident_id = r.resident_id
          LEFT JOIN reply p ON p.actor_id = r.resident_id AND p.route = p_route AND p.key = p_key
         WHERE r.resident_id = enter_at_once.resident_id AND r.state <> 'erased';
    END IF;
    IF admitted IS NOT TRUE THEN
        resident_id := NULL;
    END IF;
END $$;

-- Each who asks brings the answers of one request, all of them permits, and gets them all recorded or none.
DROP FUNCTION answer_at_once(text, bytea, timestamptz, text, text, bytea, jsonb, text[]);
CREATE FUNCTION answer_at_once(p_asked jsonb) RETURNS TABLE (n integer, event consent_event, again boolean)
LANGUAGE plpgsql SET lock_timeout = '50ms' AS $$
#variable_conflict use_column
DECLARE
    one record;
    who record;
    head consent_head;
    judged record;
    terms consent_terms;
    residents uuid[] := '{}';
    events consent_event[] := '{}';
    replies reply[] := '{}';
BEGIN
    FOR one IN
        SELECT a.n, a.issuer, decode(a.subject, 'base64') AS subject, a.issued_at, a.route, a.key,
               decode(a.fingerprint, 'base64') AS fingerprint, a.sensitive, o.*
          FROM jsonb_to_recordset(p_asked) AS a (
               n integer, issuer text, subject text, issued_at timestamptz, route text, key text, fingerprint text,
               answers jsonb, sensitive text[])
         CROSS JOIN LATERAL jsonb_to_recordset(a.answers) AS o (
               item_id uuid, notice_version integer, language text, decision text, categories text[], past boolean,
               future boolean, valid_until timestamptz, seen_seq bigint, method text, claimed_at timestamptz)
    LOOP
        IF one.n IS DISTINCT FROM n THEN
            n := one.n;
            who := enter_at_once(one.issuer, one.subject, one.issued_at, one.route, one.key, one.fingerprint);
            IF who.resident_id = ANY (residents) THEN  -- another request of theirs follows from what is not yet written
                PERFORM consent_record(events);
                residents := '{}';
                events := '{}';
                who := enter_at_once(one.issuer, one.subject, one.issued_at, one.route, one.key, one.fingerprint);
            END IF;
            head := who.head;
            again := who.events IS NOT NULL;
            IF again THEN
                RETURN QUERY SELECT one.n, c, true FROM consent_event c
                              WHERE c.resident_id = who.resident_id AND c.seq = ANY (who.events) ORDER BY c.seq;
            ELSIF who.resident_id IS NOT NULL THEN
                replies := replies || ROW(who.resident_id, one.route, one.key, one.fingerprint, 201, 'application/json',
                                          NULL, now(), '{}')::reply;
            END IF;
        END IF;
        CONTINUE WHEN again OR who.resident_id IS NULL;
        IF who.resident_id = ANY (residents) THEN  -- so does their next answer
            PERFORM consent_record(events), act_as(who.resident_id);
            residents := '{}';
            events := '{}';
        END IF;
        judged := consent_judge(
            head, who.unused, one.item_id, one.notice_version, one.language, one.decision, one.categories,
            one.past, one.future, one.valid_until, one.seen_seq, who.resident_id, 'resident', one.method,
            one.claimed_at, one.sensitive, terms);
        IF judged.outcome <> 'recorded' THEN
            RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
        END IF;
        terms := judged.terms;
        event := judged.event;
        residents := residents || who.resident_id;
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

CREATE OR REPLACE FUNCTION consent_close(
    p_resident uuid, p_decision text, p_scope text, p_item uuid, p_study uuid, p_category text, p_effect text,
    p_pause_until timestamptz, p_seen bigint, p_actor uuid, p_role text, p_method text, p_claimed_at timestamptz)
RETURNS consent_event LANGUAGE plpgsql AS $$
DECLARE
    head consent_head%ROWTYPE;
    event consent_event;
    at timestamptz;
BEGIN
    SELECT h.* INTO STRICT head FROM consent_head h WHERE h.resident_id = p_resident FOR UPDATE;
    at := clock_timestamp();
    IF p_scope = 'item' THEN
        SELECT i.study_id INTO p_study FROM consent_item i WHERE i.item_id = p_item LIMIT 1;
    END IF;
    event := consent_sealed(ROW(
        p_resident, NULL, p_decision, p_scope, p_item, p_study, p_category, NULL, NULL, NULL,
        '{}', NULL, NULL, NULL, NULL, p_effect, p_pause_until, p_seen, false,
        p_actor, p_role, NULL, p_method, p_claimed_at, at, NULL, NULL)::consent_event, head);
    PERFORM consent_append(ARRAY[event]);
    IF p_effect = 'no-contact' THEN
        RETURN event;
    END IF;
    UPDATE consent_grant g
       SET event_seq = event.seq,
           data_period = CASE WHEN p_decision IN ('pause', 'resume') THEN g.data_period
                              WHEN p_effect = 'stop' THEN g.data_period * tstzmultirange(tstzrange(NULL, at))
                              ELSE '{}' END,
           since = CASE WHEN p_decision IN ('pause', 'resume') OR p_effect = 'stop' THEN g.since END,
           pauses = CASE p_decision
                        WHEN 'pause' THEN g.pauses + tstzmultirange(tstzrange(at, p_pause_until))
                        WHEN 'resume' THEN g.pauses - tstzmultirange(tstzrange(at, NULL))
                        ELSE g.pauses END,
           status = CASE WHEN p_decision IN ('pause', 'resume') THEN g.status
                         WHEN g.status = 'ConsentRefused' THEN g.status
                         WHEN p_decision = 'withdraw' THEN 'ConsentWithdrawn'
                         WHEN p_decision = 'revoke' THEN 'ConsentRevoked'
                         ELSE 'ConsentInvalidated' END
     WHERE g.resident_id = p_resident
       AND CASE p_scope WHEN 'item' THEN g.item_id = p_item
                        WHEN 'study' THEN g.study_id = p_study
                        WHEN 'category' THEN g.category = p_category
                        ELSE true END;
    RETURN event;
END $$;

-- Each who asks brings the segments of one upload, one of each stream, with `measure`; a stream that is to be made has
-- a `seq` of -1. Data keys that are to be made stand in `keys`, wrapped and in base64. The segments' bodies stand
-- beside, those of the n-th in p_bodies[n], each at its `place` from 1 on. All of it is stored, or nothing.
DROP FUNCTION donation_append_at_once(
    uuid, bigint, uuid[], text, text, bytea, bytea, text, jsonb, jsonb, bytea);
CREATE FUNCTION donation_append_at_once(p_asked jsonb, p_bodies bytea[]) RETURNS TABLE (n integer, stored boolean)
LANGUAGE plpgsql SET lock_timeout = '50ms' AS $$
#variable_conflict use_column
DECLARE
    one record;
    sound boolean;
    expected integer := 0;
    appended integer;
BEGIN
    FOR one IN
        SELECT * FROM jsonb_to_recordset(p_asked) AS a (
               resident_id uuid, event_seq bigint, blocks uuid[], keys jsonb, additions jsonb)
    LOOP
        -- Looked at behind the lock: by a statement that begins when it is held.
        sound := act_as(one.resident_id) IS NOT NULL
             AND pg_advisory_xact_lock_shared(uuid_hash_extended(one.resident_id, 0)) IS NOT NULL;
        IF one.keys <> '[]' THEN
            INSERT INTO data_key (resident_id, scope, version, kek, wrapped)
            SELECT one.resident_id, made.scope, made.version, made.kek, decode(made.wrapped, 'base64')
              FROM jsonb_to_recordset(one.keys) AS made (scope text, version integer, kek text, wrapped text);
        END IF;
        SELECT h.seq = one.event_seq
               AND one.blocks = ARRAY(SELECT b.block_id FROM block b
                                       WHERE b.resident_id = one.resident_id AND b.lifted_at IS NULL ORDER BY b.block_id)
               AND NOT EXISTS (
                   SELECT FROM jsonb_to_recordset(one.additions) AS g (category text, version integer)
                    WHERE NOT EXISTS (
                          SELECT FROM data_key k
                           WHERE k.resident_id = one.resident_id AND k.scope = g.category AND k.version = g.version))
          INTO sound
          FROM consent_head h JOIN resident_lock l ON l.resident_id = h.resident_id
         WHERE h.resident_id = one.resident_id;
        IF sound IS NOT TRUE THEN
            RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
        END IF;
        expected := expected + jsonb_array_length(one.additions);
    END LOOP;
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
