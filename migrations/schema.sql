-- Generated from the migrations by `make schema`. Not to be edited.

-- Name: public; Type: SCHEMA; 

CREATE SCHEMA public;

-- Name: SCHEMA public; Type: COMMENT; 

COMMENT ON SCHEMA public IS 'standard public schema';

-- Name: consent_terms; Type: TYPE; 

CREATE TYPE public.consent_terms AS (
	item_id uuid,
	version integer,
	language text,
	notice_id uuid,
	study_id uuid,
	use text,
	categories text[],
	past boolean,
	future boolean,
	duration_days integer,
	current integer,
	superseded boolean,
	readable boolean,
	open boolean
);

-- Name: act_as(uuid); Type: FUNCTION; 

CREATE FUNCTION public.act_as(p_resident uuid) RETURNS uuid
    LANGUAGE sql
    RETURN (set_config('app.resident'::text, (p_resident)::text, true))::uuid;

-- Name: consent_event; Type: TABLE; 

CREATE TABLE public.consent_event (
    resident_id uuid NOT NULL,
    seq bigint NOT NULL,
    decision text NOT NULL,
    scope text NOT NULL,
    item_id uuid,
    study_id uuid,
    category text,
    notice_id uuid,
    notice_version integer,
    language text,
    categories text[] DEFAULT '{}'::text[] NOT NULL,
    use text,
    past boolean,
    future boolean,
    valid_until timestamp with time zone,
    effect text,
    pause_until timestamp with time zone,
    seen_seq bigint,
    blind boolean DEFAULT false NOT NULL,
    actor_id uuid NOT NULL,
    actor_role text NOT NULL,
    representation_id uuid,
    method text NOT NULL,
    claimed_at timestamp with time zone,
    recorded_at timestamp with time zone NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL
);

ALTER TABLE ONLY public.consent_event FORCE ROW LEVEL SECURITY;

-- Name: TABLE consent_event; Type: COMMENT; 

COMMENT ON TABLE public.consent_event IS 'class: resident; append-only';

-- Name: answer_at_once(jsonb); Type: FUNCTION; 

CREATE FUNCTION public.answer_at_once(p_asked jsonb) RETURNS TABLE(n integer, event public.consent_event, again boolean)
    LANGUAGE plpgsql
    SET lock_timeout TO '50ms'
    AS $$
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

-- Name: app_device(); Type: FUNCTION; 

CREATE FUNCTION public.app_device() RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN decode(NULLIF(current_setting('app.device'::text, true), ''::text), 'hex'::text);

-- Name: app_job(); Type: FUNCTION; 

CREATE FUNCTION public.app_job() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.job'::text, true), ''::text);

-- Name: app_member(); Type: FUNCTION; 

CREATE FUNCTION public.app_member() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('app.member'::text, true), ''::text))::uuid;

-- Name: app_resident(); Type: FUNCTION; 

CREATE FUNCTION public.app_resident() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('app.resident'::text, true), ''::text))::uuid;

-- Name: app_study(); Type: FUNCTION; 

CREATE FUNCTION public.app_study() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('app.study'::text, true), ''::text))::uuid;

-- Name: app_subject(); Type: FUNCTION; 

CREATE FUNCTION public.app_subject() RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN decode(NULLIF(current_setting('app.subject'::text, true), ''::text), 'hex'::text);

-- Name: claim(uuid, text, text); Type: FUNCTION; 

CREATE FUNCTION public.claim(p_actor uuid, p_route text, p_key text, OUT turn boolean, OUT fingerprint bytea, OUT status smallint, OUT content_type text, OUT body bytea, OUT events bigint[]) RETURNS record
    LANGUAGE plpgsql
    AS $$
BEGIN
    turn := pg_try_advisory_xact_lock(hashtext(p_actor::text || p_route), hashtext(p_key));
    SELECT r.fingerprint, r.status, r.content_type, r.body, r.events INTO fingerprint, status, content_type, body, events
      FROM reply r WHERE r.actor_id = p_actor AND r.route = p_route AND r.key = p_key;
END $$;

-- Name: consent_answers(uuid, uuid, text, jsonb, text[]); Type: FUNCTION; 

CREATE FUNCTION public.consent_answers(p_resident uuid, p_actor uuid, p_role text, p_answers jsonb, p_sensitive text[]) RETURNS TABLE(outcome text, current_version integer, event public.consent_event)
    LANGUAGE plpgsql
    AS $$
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

-- Name: consent_append(public.consent_event[]); Type: FUNCTION; 

CREATE FUNCTION public.consent_append(p_events public.consent_event[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

-- Name: consent_close(uuid, text, text, uuid, uuid, text, text, timestamp with time zone, bigint, uuid, text, text, timestamp with time zone); Type: FUNCTION; 

CREATE FUNCTION public.consent_close(p_resident uuid, p_decision text, p_scope text, p_item uuid, p_study uuid, p_category text, p_effect text, p_pause_until timestamp with time zone, p_seen bigint, p_actor uuid, p_role text, p_method text, p_claimed_at timestamp with time zone) RETURNS public.consent_event
    LANGUAGE plpgsql
    AS $$
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

-- Name: consent_event_sound(text, text, uuid, uuid, text, text, timestamp with time zone, text, text); Type: FUNCTION; 

CREATE FUNCTION public.consent_event_sound(decision text, scope text, item_id uuid, study_id uuid, category text, effect text, pause_until timestamp with time zone, actor_role text, method text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE
    AS $$
BEGIN
    RETURN decision IN ('permit', 'deny', 'withdraw', 'pause', 'resume', 'revoke', 'invalidate')
       AND CASE scope WHEN 'item' THEN item_id IS NOT NULL
                      WHEN 'study' THEN study_id IS NOT NULL
                      WHEN 'category' THEN category IS NOT NULL
                      ELSE scope = 'everything' END
       AND CASE WHEN decision = 'withdraw' THEN effect IN ('stop', 'no-further-use', 'erase', 'no-contact') AND effect IS NOT NULL
                ELSE effect IS NULL END
       AND (decision = 'pause') = (pause_until IS NOT NULL)
       AND actor_role IN ('resident', 'guardian', 'representative', 'assistant', 'steward', 'data-protection-officer', 'platform')
       AND method IN ('app', 'signed', 'paper', 'phone', 'system');
END $$;

-- Name: micros(timestamp with time zone); Type: FUNCTION; 

CREATE FUNCTION public.micros(at timestamp with time zone) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((EXTRACT(epoch FROM at) * (1000000)::numeric))::bigint;

-- Name: consent_event_text(public.consent_event); Type: FUNCTION; 

CREATE FUNCTION public.consent_event_text(e public.consent_event) RETURNS text
    LANGUAGE sql STABLE
    RETURN (jsonb_build_array((e).resident_id, (e).seq, (e).decision, (e).scope, (e).item_id, (e).study_id, (e).category, (e).notice_id, (e).notice_version, (e).language, to_jsonb((e).categories), (e).use, (e).past, (e).future, public.micros((e).valid_until), (e).effect, public.micros((e).pause_until), (e).seen_seq, (e).blind, (e).actor_id, (e).actor_role, (e).representation_id, (e).method, public.micros((e).claimed_at), public.micros((e).recorded_at)))::text;

-- Name: consent_head; Type: TABLE; 

CREATE TABLE public.consent_head (
    resident_id uuid NOT NULL,
    seq bigint DEFAULT 0 NOT NULL,
    hash bytea DEFAULT '\x'::bytea NOT NULL
);

ALTER TABLE ONLY public.consent_head FORCE ROW LEVEL SECURITY;

-- Name: TABLE consent_head; Type: COMMENT; 

COMMENT ON TABLE public.consent_head IS 'class: resident';

-- Name: consent_judge(public.consent_head, boolean, uuid, integer, text, text, text[], boolean, boolean, timestamp with time zone, bigint, uuid, text, text, timestamp with time zone, text[], public.consent_terms); Type: FUNCTION; 

CREATE FUNCTION public.consent_judge(p_head public.consent_head, p_unused boolean, p_item uuid, p_version integer, p_language text, p_decision text, p_categories text[], p_past boolean, p_future boolean, p_valid_until timestamp with time zone, p_seen bigint, p_actor uuid, p_role text, p_method text, p_claimed_at timestamp with time zone, p_sensitive text[], INOUT terms public.consent_terms, OUT outcome text, OUT event public.consent_event) RETURNS record
    LANGUAGE plpgsql
    AS $$
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

-- Name: consent_record(public.consent_event[]); Type: FUNCTION; 

CREATE FUNCTION public.consent_record(p_events public.consent_event[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

-- Name: consent_sealed(public.consent_event, public.consent_head); Type: FUNCTION; 

CREATE FUNCTION public.consent_sealed(e public.consent_event, head public.consent_head) RETURNS public.consent_event
    LANGUAGE plpgsql
    AS $$
BEGIN
    e.seq := head.seq + 1;
    e.prev_hash := head.hash;
    e.hash := sha256(e.prev_hash || convert_to(consent_event_text(e), 'UTF8'));
    RETURN e;
END $$;

-- Name: consent_withdraw(uuid, uuid, text, uuid, uuid, text, text, timestamp with time zone); Type: FUNCTION; 

CREATE FUNCTION public.consent_withdraw(p_resident uuid, p_actor uuid, p_scope text, p_item uuid, p_study uuid, p_category text, p_effect text, p_claimed_at timestamp with time zone) RETURNS TABLE(event public.consent_event, drained_at timestamp with time zone, taking_part boolean, donated boolean, knocks boolean)
    LANGUAGE plpgsql
    AS $$
DECLARE
    drained boolean := resident_drain(p_resident);
BEGIN
    IF drained IS NULL THEN
        RETURN;
    END IF;
    event := consent_close(p_resident, 'withdraw', p_scope, p_item, p_study, p_category, p_effect, NULL, NULL,
                           p_actor, 'resident', 'app', p_claimed_at);
    drained_at := CASE WHEN drained THEN clock_timestamp() END;
    INSERT INTO withdrawal (resident_id, seq, drained_at, destroy, destroyed_at)
    VALUES (p_resident, event.seq, drained_at, '{}', drained_at);
    taking_part := EXISTS (SELECT FROM enrolment e WHERE e.resident_id = p_resident AND e.ended_at IS NULL);
    donated := EXISTS (SELECT FROM stream s WHERE s.resident_id = p_resident)
            OR EXISTS (SELECT FROM response r WHERE r.resident_id = p_resident);
    knocks := EXISTS (SELECT FROM outbox o
                       WHERE o.bucket = get_byte(uuid_send(p_resident), 15) & 63  -- domain/db.py: bucket_of
                         AND o.resident_id = p_resident AND o.state = 'waiting');
    RETURN NEXT;
END $$;

-- Name: consents_standing(uuid); Type: FUNCTION; 

CREATE FUNCTION public.consents_standing(p_resident uuid) RETURNS TABLE(seq bigint, item_id uuid, category text, study_id uuid, use text, notice_version integer, event_seq bigint, since timestamp with time zone, valid_until timestamp with time zone, status text, paused_until timestamp with time zone, collects boolean)
    LANGUAGE sql STABLE
    AS $$
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

-- Name: deleted_ids(uuid, uuid, bigint); Type: FUNCTION; 

CREATE FUNCTION public.deleted_ids(p_resident uuid, p_stream uuid, p_seq bigint) RETURNS bigint[]
    LANGUAGE sql STABLE
    AS $$
    SELECT ARRAY(SELECT unnest(d.sample_ids) FROM sample_deletion d
                  WHERE d.resident_id = p_resident AND d.stream_id = p_stream AND d.seq > p_seq
                    AND d.settled_at IS NULL)
$$;

-- Name: donation_append(uuid, boolean, text, uuid[], uuid[], uuid[], text[], integer[], bigint[], bigint[], integer[], bytea[]); Type: PROCEDURE; 

CREATE PROCEDURE public.donation_append(IN p_resident uuid, IN p_uploaded boolean, IN p_key text, IN p_streams uuid[], IN p_stream_ids uuid[], IN p_segment_ids uuid[], IN p_categories text[], IN p_versions integer[], IN p_firsts bigint[], IN p_lasts bigint[], IN p_samples integer[], IN p_bodies bytea[])
    LANGUAGE plpgsql
    AS $$
BEGIN
    WITH given AS (
        SELECT * FROM unnest(p_stream_ids, p_segment_ids, p_categories, p_versions, p_firsts, p_lasts, p_samples, p_bodies)
               AS g (stream_id, segment_id, category, key_version, first_ms, last_ms, samples, body)),
    sums AS (
        SELECT one.stream_id, count(g.stream_id) AS segments, max(g.last_ms) AS last_ms, coalesce(sum(g.samples), 0) AS samples
          FROM unnest(p_streams) one (stream_id) LEFT JOIN given g USING (stream_id)
         GROUP BY one.stream_id),
    moved AS (
        UPDATE stream s
           SET seq = s.seq + 1,
               loose = s.loose + sums.segments,
               head_ms = greatest(s.head_ms, sums.last_ms),
               samples = s.samples + sums.samples,
               last_upload_at = CASE WHEN p_uploaded THEN statement_timestamp() ELSE s.last_upload_at END,
               last_upload_key = coalesce(p_key, s.last_upload_key),
               recent_since = CASE WHEN s.recent_since < statement_timestamp() - interval '1 minute'
                                   THEN statement_timestamp() ELSE s.recent_since END,
               recent_uploads = CASE WHEN s.recent_since < statement_timestamp() - interval '1 minute'
                                     THEN 1 ELSE s.recent_uploads + 1 END
          FROM sums
         WHERE s.resident_id = p_resident AND s.stream_id = sums.stream_id
        RETURNING s.stream_id, s.seq)
    INSERT INTO segment (resident_id, stream_id, segment_id, category, key_version, first_ms, last_ms, samples, body, seq)
    SELECT p_resident, g.stream_id, g.segment_id, g.category, g.key_version, g.first_ms, g.last_ms, g.samples, g.body, m.seq
      FROM given g JOIN moved m USING (stream_id);
END $$;

-- Name: donation_append_at_once(jsonb, bytea[]); Type: FUNCTION; 

CREATE FUNCTION public.donation_append_at_once(p_asked jsonb, p_bodies bytea[]) RETURNS TABLE(n integer, stored boolean)
    LANGUAGE plpgsql
    SET lock_timeout TO '50ms'
    AS $$
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

-- Name: donation_look(uuid, text, text[], text[], integer, boolean); Type: FUNCTION; 

CREATE FUNCTION public.donation_look(p_resident uuid, p_source text, p_measures text[], p_categories text[], p_most_uploads integer, p_ids boolean DEFAULT false) RETURNS TABLE(categories text[], periods tstzmultirange[], live boolean[], scopes text[], versions integer[], keks text[], wrapped bytea[], stream_ids uuid[], measures text[], heads bigint[], seqs bigint[], wait integer, event_seq bigint, blocks uuid[], noted boolean)
    LANGUAGE sql STABLE
    AS $$
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

-- Name: donation_open(uuid, text, text[], text[], integer); Type: FUNCTION; 

CREATE FUNCTION public.donation_open(p_resident uuid, p_source text, p_measures text[], p_categories text[], p_most_uploads integer) RETURNS TABLE(categories text[], periods tstzmultirange[], live boolean[], scopes text[], versions integer[], keks text[], wrapped bytea[], stream_ids uuid[], measures text[], heads bigint[], seqs bigint[], wait integer, locked boolean)
    LANGUAGE plpgsql
    AS $$
DECLARE
    held bigint;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(uuid_hash_extended(l.resident_id, 0))
       FROM resident_lock l WHERE l.resident_id = p_resident;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    LOOP
        PERFORM FROM stream t
          WHERE t.resident_id = p_resident AND t.source = p_source AND t.measure = ANY (p_measures)
          ORDER BY t.measure
            FOR UPDATE;
        GET DIAGNOSTICS held = ROW_COUNT;
        SELECT k.categories, k.periods, k.live, k.scopes, k.versions, k.keks, k.wrapped,
               k.stream_ids, k.measures, k.heads, k.seqs, k.wait, true
          INTO categories, periods, live, scopes, versions, keks, wrapped,
               stream_ids, measures, heads, seqs, wait, locked
          FROM donation_look(p_resident, p_source, p_measures, p_categories, p_most_uploads) k;
        EXIT WHEN held = coalesce(cardinality(stream_ids), 0);
    END LOOP;
    RETURN NEXT;
END $$;

-- Name: enter(text, bytea, text, text); Type: FUNCTION; 

CREATE FUNCTION public.enter(p_issuer text, p_subject_hmac bytea, p_route text, p_key text, OUT resident_id uuid, OUT language text, OUT zone text, OUT refused_until timestamp with time zone, OUT turn boolean, OUT fingerprint bytea, OUT status smallint, OUT content_type text, OUT body bytea, OUT events bigint[]) RETURNS record
    LANGUAGE plpgsql
    AS $$
DECLARE
    claimed record;
BEGIN
    SELECT i.resident_id, i.erased_at INTO resident_id, refused_until FROM identity i
     WHERE i.subject_hmac = p_subject_hmac AND i.issuer = p_issuer;
    IF resident_id IS NULL THEN
        RETURN;
    END IF;
    PERFORM set_config('app.resident', resident_id::text, true);
    SELECT r.language, r.zone, r.signed_out_at INTO language, zone, refused_until
      FROM resident r WHERE r.resident_id = enter.resident_id;
    IF p_key IS NOT NULL THEN
        claimed := claim(resident_id, p_route, p_key);
        turn := claimed.turn;
        fingerprint := claimed.fingerprint;
        status := claimed.status;
        content_type := claimed.content_type;
        body := claimed.body;
        events := claimed.events;
    END IF;
END $$;

-- Name: enter_alone(text, bytea); Type: FUNCTION; 

CREATE FUNCTION public.enter_alone(p_issuer text, p_subject_hmac bytea) RETURNS TABLE(resident_id uuid, language text, zone text, refused_until timestamp with time zone)
    LANGUAGE sql STABLE
    AS $$
    SELECT me.resident_id, r.language, r.zone, CASE WHEN me.resident_id IS NULL THEN i.erased_at ELSE r.signed_out_at END
      FROM (SELECT set_config('app.subject', encode(p_subject_hmac, 'hex'), true) AS subject) said
      LEFT JOIN LATERAL (
           SELECT i.resident_id, i.erased_at FROM identity i
            WHERE i.subject_hmac = decode(said.subject, 'hex') AND i.issuer = p_issuer LIMIT 1) i ON true
      LEFT JOIN LATERAL (SELECT act_as(i.resident_id) AS resident_id WHERE i.resident_id IS NOT NULL) me ON true
      LEFT JOIN LATERAL (
           SELECT r.language, r.zone, r.signed_out_at FROM resident r WHERE r.resident_id = me.resident_id LIMIT 1) r ON true
$$;

-- Name: enter_at_once(text, bytea, timestamp with time zone, text, text, bytea); Type: FUNCTION; 

CREATE FUNCTION public.enter_at_once(p_issuer text, p_subject_hmac bytea, p_issued_at timestamp with time zone, p_route text, p_key text, p_fingerprint bytea) RETURNS TABLE(resident_id uuid, events bigint[], seq bigint, hash bytea, unused boolean)
    LANGUAGE sql STABLE
    AS $$
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

-- Name: fact_forget(); Type: FUNCTION; 

CREATE FUNCTION public.fact_forget() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM fact f
     WHERE f.resident_id = OLD.resident_id
       AND NOT EXISTS (SELECT FROM consent_grant g
                        WHERE g.resident_id = OLD.resident_id AND g.use = 'find'
                          AND g.category = 'declared-facts' AND NOT isempty(g.data_period));
    RETURN NULL;
END $$;

-- Name: journal_block(); Type: FUNCTION; 

CREATE FUNCTION public.journal_block() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    -- Why is for the resident to read, and for nobody who keeps a file.
    INSERT INTO erasure (resident_id, scope, terms, erased_at)
    VALUES (NEW.resident_id, 'block', jsonb_strip_nulls(to_jsonb(NEW) - 'reason'), NEW.placed_at);
    RETURN NULL;
END $$;

-- Name: journal_event(); Type: FUNCTION; 

CREATE FUNCTION public.journal_event() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.decision <> 'deny' OR EXISTS (
            SELECT FROM consent_grant g
             WHERE g.resident_id = NEW.resident_id AND g.item_id = NEW.item_id AND NOT isempty(g.data_period)) THEN
        INSERT INTO erasure (resident_id, scope, terms, erased_at)
        VALUES (NEW.resident_id, 'consent', jsonb_strip_nulls(to_jsonb(NEW) - ARRAY['prev_hash', 'hash']), NEW.recorded_at);
    END IF;
    RETURN NULL;
END $$;

-- Name: keep_reply(uuid, text, text, bytea, integer, text, bytea); Type: PROCEDURE; 

CREATE PROCEDURE public.keep_reply(IN p_actor uuid, IN p_route text, IN p_key text, IN p_fingerprint bytea, IN p_status integer, IN p_content_type text, IN p_body bytea)
    LANGUAGE sql
    AS $$
    INSERT INTO reply (actor_id, route, key, fingerprint, status, content_type, body)
    VALUES (p_actor, p_route, p_key, p_fingerprint, p_status::smallint, p_content_type, p_body)
$$;

-- Name: own_page(uuid, uuid, text[], text, text, uuid, bigint, bigint, bigint, bigint, bigint, integer, integer); Type: FUNCTION; 

CREATE FUNCTION public.own_page(p_resident uuid, p_stream uuid, p_measures text[], p_app text, p_device text, p_after uuid, p_after_earliest_ms bigint, p_after_ms bigint, p_earliest_ms bigint, p_since_ms bigint, p_until_ms bigint, p_samples integer, p_segments integer) RETURNS TABLE(stream_id uuid, measure text, category text, source text, since bigint, segment_id uuid, key_version integer, body bytea, next_stream uuid, next_ms bigint, dead bigint[], kek text, wrapped bytea)
    LANGUAGE sql STABLE
    AS $$
    WITH mine AS MATERIALIZED (
        SELECT s.stream_id, s.measure, s.category, s.source,
               CASE WHEN s.stream_id = p_after THEN p_after_earliest_ms ELSE p_earliest_ms END AS earliest,
               CASE WHEN s.stream_id = p_after THEN p_after_ms ELSE p_since_ms END AS since
          FROM stream s
         WHERE s.resident_id = p_resident AND s.stream_id >= p_after AND (p_stream IS NULL OR s.stream_id = p_stream)
           AND (p_measures = '{}' OR s.measure = ANY(p_measures))
           AND (p_app IS NULL OR s.source::jsonb ->> 'app' = p_app)
           AND (p_device IS NULL OR s.source::jsonb ->> 'device' = p_device)),
    near AS (
        SELECT s.*, true AS reaching
          FROM mine m JOIN segment s ON s.resident_id = p_resident AND s.stream_id = m.stream_id
           AND s.first_ms >= m.earliest AND s.first_ms <= m.since AND s.last_ms >= m.since
         UNION ALL
        (SELECT s.*, false
           FROM mine m JOIN segment s ON s.resident_id = p_resident AND s.stream_id = m.stream_id
            AND s.first_ms > m.since AND s.first_ms < p_until_ms
          ORDER BY s.stream_id, s.first_ms LIMIT least(p_samples, p_segments) + 1)),
    placed AS (
        SELECT n.*, lead(n.stream_id) OVER o AS next_stream, lead(n.first_ms) OVER o AS next_ms,
               coalesce(sum(n.samples) FILTER (WHERE NOT n.reaching) OVER before, 0) AS samples_before,
               count(*) FILTER (WHERE NOT n.reaching) OVER before AS segments_before
          FROM near n WINDOW o AS (ORDER BY n.stream_id, n.first_ms, n.segment_id),
                before AS (o ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
    SELECT m.stream_id, m.measure, m.category, m.source, m.since, p.segment_id, p.key_version, p.body, p.next_stream, p.next_ms,
           deleted_ids(p_resident, p.stream_id, p.seq), k.kek, k.wrapped
      FROM placed p JOIN mine m ON m.stream_id = p.stream_id
      LEFT JOIN data_key k ON k.resident_id = p_resident AND k.scope = m.category AND k.version = p.key_version
     WHERE p.samples_before < p_samples AND p.segments_before < p_segments
     ORDER BY p.stream_id, p.first_ms, p.segment_id
$$;

-- Name: refuse_change(); Type: FUNCTION; 

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', tg_table_name USING ERRCODE = 'insufficient_privilege';
END $$;

-- Name: resident_drain(uuid); Type: FUNCTION; 

CREATE FUNCTION public.resident_drain(p_resident uuid) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
DECLARE
    found_row boolean := false;
    free boolean;
    before text;
BEGIN
    SELECT pg_try_advisory_xact_lock(uuid_hash_extended(l.resident_id, 0)) INTO free
      FROM resident_lock l WHERE l.resident_id = p_resident;
    IF free IS DISTINCT FROM false THEN
        RETURN free;
    END IF;
    before := current_setting('lock_timeout');
    PERFORM set_config('lock_timeout', '2s', true);
    BEGIN
        PERFORM pg_advisory_xact_lock(uuid_hash_extended(l.resident_id, 0))
           FROM resident_lock l WHERE l.resident_id = p_resident;
        found_row := FOUND;
    EXCEPTION WHEN lock_not_available THEN
        PERFORM set_config('lock_timeout', before, true);
        RETURN false;
    END;
    PERFORM set_config('lock_timeout', before, true);
    RETURN CASE WHEN found_row THEN true END;
END $$;

-- Name: response_look(uuid, uuid, uuid, text, text); Type: FUNCTION; 

CREATE FUNCTION public.response_look(p_resident uuid, p_response uuid, p_study uuid, p_url text, p_version text) RETURNS TABLE(revision integer, state text, questionnaire text, study_id uuid, assignment_id uuid, questionnaire_id uuid, status text, category text, periods tstzmultirange[], versions integer[], keks text[], wrapped bytea[])
    LANGUAGE sql STABLE
    AS $$
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

-- Name: response_open(uuid, uuid, uuid, text, text); Type: FUNCTION; 

CREATE FUNCTION public.response_open(p_resident uuid, p_response uuid, p_study uuid, p_url text, p_version text) RETURNS TABLE(revision integer, state text, questionnaire text, study_id uuid, assignment_id uuid, questionnaire_id uuid, status text, category text, periods tstzmultirange[], versions integer[], keks text[], wrapped bytea[])
    LANGUAGE plpgsql
    AS $$
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

-- Name: response_submit_at_once(jsonb, bytea[]); Type: FUNCTION; 

CREATE FUNCTION public.response_submit_at_once(p_asked jsonb, p_bodies bytea[]) RETURNS TABLE(n integer, stored boolean)
    LANGUAGE plpgsql
    SET lock_timeout TO '50ms'
    AS $$
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

-- Name: sealed_by(bytea); Type: FUNCTION; 

CREATE FUNCTION public.sealed_by(sealed bytea) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (get_byte(sealed, 0) <> 146) THEN NULL::text WHEN ((get_byte(sealed, 1) >= 160) AND (get_byte(sealed, 1) <= 191)) THEN encode(SUBSTRING(sealed FROM 3 FOR (get_byte(sealed, 1) - 160)), 'escape'::text) WHEN (get_byte(sealed, 1) = 217) THEN encode(SUBSTRING(sealed FROM 4 FOR get_byte(sealed, 2)), 'escape'::text) ELSE NULL::text END;

-- Name: study_may_see(uuid, text); Type: FUNCTION; 

CREATE FUNCTION public.study_may_see(p_resident uuid, p_category text) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM consent_grant g
         WHERE g.resident_id = p_resident AND g.study_id = app_study() AND g.category = p_category
           AND NOT isempty(g.data_period) AND NOT g.pauses @> statement_timestamp()
           AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp()));
END $$;

-- Name: study_was_given(uuid); Type: FUNCTION; 

CREATE FUNCTION public.study_was_given(p_resident uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
BEGIN
    RETURN EXISTS (SELECT FROM consent_grant g WHERE g.resident_id = p_resident AND g.study_id = app_study());
END $$;

-- Name: withdraw_at_once(text, bytea, timestamp with time zone, text, text, bytea, text, uuid, uuid, text, text, timestamp with time zone, boolean); Type: FUNCTION; 

CREATE FUNCTION public.withdraw_at_once(p_issuer text, p_subject_hmac bytea, p_issued_at timestamp with time zone, p_route text, p_key text, p_fingerprint bytea, p_scope text, p_item uuid, p_study uuid, p_category text, p_effect text, p_claimed_at timestamp with time zone, p_wait boolean) RETURNS TABLE(event public.consent_event, drained_at timestamp with time zone, again boolean)
    LANGUAGE plpgsql
    SET lock_timeout TO '50ms'
    AS $$
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

-- Name: access; Type: TABLE; 

CREATE TABLE public.access (
    resident_id uuid NOT NULL,
    access_id uuid DEFAULT uuidv7() NOT NULL,
    used_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    study_id uuid,
    member_id uuid,
    purpose text NOT NULL,
    categories text[] NOT NULL,
    data_from timestamp with time zone,
    data_until timestamp with time zone,
    samples bigint NOT NULL,
    grant_seqs bigint[] NOT NULL,
    visible_from timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY public.access FORCE ROW LEVEL SECURITY;

-- Name: TABLE access; Type: COMMENT; 

COMMENT ON TABLE public.access IS 'class: resident; append-only';

-- Name: announcement; Type: TABLE; 

CREATE TABLE public.announcement (
    announcement_id uuid DEFAULT uuidv7() NOT NULL,
    kind text NOT NULL,
    study_id uuid,
    texts jsonb NOT NULL,
    drafted_by uuid NOT NULL,
    drafted_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    approved_by uuid,
    approved_at timestamp with time zone,
    withdrawn_at timestamp with time zone,
    walked_until uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL,
    told bigint DEFAULT 0 NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT announcement_check CHECK ((approved_by <> drafted_by)),
    CONSTRAINT announcement_check1 CHECK (((approved_by IS NULL) = (approved_at IS NULL))),
    CONSTRAINT announcement_check2 CHECK (((approved_at IS NULL) OR (withdrawn_at IS NULL))),
    CONSTRAINT announcement_check3 CHECK (((finished_at IS NULL) OR (approved_at IS NOT NULL))),
    CONSTRAINT announcement_kind_check CHECK ((kind = ANY (ARRAY['safety-notice'::text, 'breach-notice'::text]))),
    CONSTRAINT announcement_texts_check CHECK ((texts ?& ARRAY['sv'::text, 'en'::text]))
);

-- Name: TABLE announcement; Type: COMMENT; 

COMMENT ON TABLE public.announcement IS 'class: reference';

-- Name: COLUMN announcement.study_id; Type: COMMENT; 

COMMENT ON COLUMN public.announcement.study_id IS 'whose participants are told; null: every resident';

-- Name: COLUMN announcement.texts; Type: COMMENT; 

COMMENT ON COLUMN public.announcement.texts IS 'by language: {title, body}; never changed, so that what is approved is what was read';

-- Name: COLUMN announcement.walked_until; Type: COMMENT; 

COMMENT ON COLUMN public.announcement.walked_until IS 'everybody up to this resident has been told; zeros again at the end';

-- Name: approval; Type: TABLE; 

CREATE TABLE public.approval (
    study_id uuid NOT NULL,
    reference text NOT NULL,
    authority text NOT NULL,
    valid_from date NOT NULL,
    valid_until date NOT NULL,
    state text DEFAULT 'in-force'::text NOT NULL,
    CONSTRAINT approval_check CHECK ((valid_from < valid_until)),
    CONSTRAINT approval_state_check CHECK ((state = ANY (ARRAY['in-force'::text, 'suspended'::text, 'lapsed'::text])))
);

-- Name: TABLE approval; Type: COMMENT; 

COMMENT ON TABLE public.approval IS 'class: reference';

-- Name: assignment; Type: TABLE; 

CREATE TABLE public.assignment (
    resident_id uuid NOT NULL,
    assignment_id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    study_id uuid NOT NULL,
    category text NOT NULL,
    questionnaire text NOT NULL,
    slot timestamp without time zone NOT NULL,
    opens_at timestamp with time zone NOT NULL,
    closes_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    knocks_at timestamp with time zone[] NOT NULL,
    state text DEFAULT 'due'::text NOT NULL,
    response_id uuid,
    written_at timestamp with time zone,
    received_at timestamp with time zone,
    late_received boolean DEFAULT false NOT NULL,
    CONSTRAINT assignment_check CHECK (((opens_at < closes_at) AND (closes_at <= expires_at))),
    CONSTRAINT assignment_check1 CHECK (((state = 'completed'::text) = ((response_id IS NOT NULL) AND (written_at IS NOT NULL) AND (received_at IS NOT NULL)))),
    CONSTRAINT assignment_state_check CHECK ((state = ANY (ARRAY['due'::text, 'draft'::text, 'completed'::text, 'expired'::text, 'declined'::text, 'cancelled'::text])))
);

ALTER TABLE ONLY public.assignment FORCE ROW LEVEL SECURITY;

-- Name: TABLE assignment; Type: COMMENT; 

COMMENT ON TABLE public.assignment IS 'class: resident';

-- Name: COLUMN assignment.questionnaire; Type: COMMENT; 

COMMENT ON COLUMN public.assignment.questionnaire IS 'url|version, kept as it was when it was assigned';

-- Name: COLUMN assignment.slot; Type: COMMENT; 

COMMENT ON COLUMN public.assignment.slot IS 'the time on the wall clock that it was made for; comes once';

-- Name: COLUMN assignment.knocks_at; Type: COMMENT; 

COMMENT ON COLUMN public.assignment.knocks_at IS 'knocks still to come: the opening, then reminders';

-- Name: block; Type: TABLE; 

CREATE TABLE public.block (
    resident_id uuid NOT NULL,
    block_id uuid DEFAULT uuidv7() NOT NULL,
    kind text NOT NULL,
    source text NOT NULL,
    scope text NOT NULL,
    study_id uuid,
    category text,
    organisation text,
    reason text,
    placed_by uuid NOT NULL,
    placed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    lifted_by uuid,
    lifted_at timestamp with time zone,
    drained_at timestamp with time zone,
    CONSTRAINT block_check CHECK (((scope <> 'study'::text) OR (study_id IS NOT NULL))),
    CONSTRAINT block_check1 CHECK (((scope <> 'category'::text) OR (category IS NOT NULL))),
    CONSTRAINT block_check2 CHECK (((scope <> 'organisation'::text) OR (organisation IS NOT NULL))),
    CONSTRAINT block_kind_check CHECK ((kind = ANY (ARRAY['block'::text, 'hold'::text]))),
    CONSTRAINT block_scope_check CHECK ((scope = ANY (ARRAY['everything'::text, 'study'::text, 'category'::text, 'organisation'::text, 'ehds'::text, 'contact'::text]))),
    CONSTRAINT block_source_check CHECK ((source = ANY (ARRAY['resident'::text, 'protected-identity'::text, 'ehds-opt-out'::text, 'register'::text, 'data-protection-officer'::text])))
);

ALTER TABLE ONLY public.block FORCE ROW LEVEL SECURITY;

-- Name: TABLE block; Type: COMMENT; 

COMMENT ON TABLE public.block IS 'class: resident';

-- Name: consent_grant; Type: TABLE; 

CREATE TABLE public.consent_grant (
    resident_id uuid NOT NULL,
    item_id uuid NOT NULL,
    category text NOT NULL,
    study_id uuid,
    use text NOT NULL,
    notice_version integer NOT NULL,
    recipients text[] NOT NULL,
    ehds boolean NOT NULL,
    status text NOT NULL,
    event_seq bigint NOT NULL,
    since timestamp with time zone,
    valid_until timestamp with time zone,
    data_period tstzmultirange NOT NULL,
    pauses tstzmultirange DEFAULT '{}'::tstzmultirange NOT NULL,
    CONSTRAINT consent_grant_status_check CHECK ((status = ANY (ARRAY['ConsentGiven'::text, 'RenewedConsentGiven'::text, 'ConsentRefused'::text, 'ConsentWithdrawn'::text, 'ConsentRevoked'::text, 'ConsentInvalidated'::text])))
);

ALTER TABLE ONLY public.consent_grant FORCE ROW LEVEL SECURITY;

-- Name: TABLE consent_grant; Type: COMMENT; 

COMMENT ON TABLE public.consent_grant IS 'class: resident';

-- Name: COLUMN consent_grant.since; Type: COMMENT; 

COMMENT ON COLUMN public.consent_grant.since IS 'since when the grant has been open without a break that closed its past';

-- Name: COLUMN consent_grant.data_period; Type: COMMENT; 

COMMENT ON COLUMN public.consent_grant.data_period IS 'the times of measurement that are granted, pauses not yet taken off';

-- Name: stop_switch; Type: TABLE; 

CREATE TABLE public.stop_switch (
    stop_id uuid DEFAULT uuidv7() NOT NULL,
    study_id uuid,
    recipient text,
    category text,
    reason text NOT NULL,
    placed_by uuid NOT NULL,
    placed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    lifted_by uuid,
    lifted_at timestamp with time zone,
    CONSTRAINT stop_switch_check CHECK ((num_nonnulls(study_id, recipient, category) = 1))
);

-- Name: TABLE stop_switch; Type: COMMENT; 

COMMENT ON TABLE public.stop_switch IS 'class: reference';

-- Name: study; Type: TABLE; 

CREATE TABLE public.study (
    study_id uuid DEFAULT uuidv7() NOT NULL,
    kind text NOT NULL,
    status text DEFAULT 'in-review'::text NOT NULL,
    suspended_at timestamp with time zone,
    title jsonb NOT NULL,
    summary jsonb NOT NULL,
    controller jsonb NOT NULL,
    legal_basis text NOT NULL,
    withdrawal_effects text[] NOT NULL,
    retention_until date NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT study_kind_check CHECK ((kind = ANY (ARRAY['research'::text, 'care-development'::text]))),
    CONSTRAINT study_status_check CHECK ((status = ANY (ARRAY['in-review'::text, 'approved'::text, 'active'::text, 'temporarily-closed-to-accrual'::text, 'closed-to-accrual'::text, 'completed'::text, 'disapproved'::text, 'withdrawn'::text]))),
    CONSTRAINT study_withdrawal_effects_check CHECK ((withdrawal_effects <@ ARRAY['pause'::text, 'stop'::text, 'no-further-use'::text, 'erase'::text, 'no-contact'::text]))
);

-- Name: TABLE study; Type: COMMENT; 

COMMENT ON TABLE public.study IS 'class: reference';

-- Name: study_in_force; Type: VIEW; 

CREATE VIEW public.study_in_force WITH (security_invoker='true') AS
 SELECT study_id,
    status
   FROM public.study s
  WHERE ((status = ANY (ARRAY['active'::text, 'closed-to-accrual'::text, 'temporarily-closed-to-accrual'::text, 'completed'::text])) AND (suspended_at IS NULL) AND (retention_until >= (statement_timestamp())::date) AND (EXISTS ( SELECT
           FROM public.approval a
          WHERE ((a.study_id = s.study_id) AND (a.state = 'in-force'::text) AND (((statement_timestamp())::date >= a.valid_from) AND ((statement_timestamp())::date <= a.valid_until))))));

-- Name: withdrawal; Type: TABLE; 

CREATE TABLE public.withdrawal (
    resident_id uuid NOT NULL,
    seq bigint NOT NULL,
    drained_at timestamp with time zone,
    destroy text[] DEFAULT '{}'::text[] NOT NULL,
    destroyed_at timestamp with time zone
);

ALTER TABLE ONLY public.withdrawal FORCE ROW LEVEL SECURITY;

-- Name: TABLE withdrawal; Type: COMMENT; 

COMMENT ON TABLE public.withdrawal IS 'class: resident';

-- Name: undenied_grant; Type: VIEW; 

CREATE VIEW public.undenied_grant WITH (security_invoker='true') AS
 SELECT resident_id,
    item_id,
    category,
    study_id,
    use,
    notice_version,
    recipients,
    ehds,
    status,
    event_seq,
    since,
    valid_until,
    data_period,
    pauses
   FROM public.consent_grant g
  WHERE ((NOT isempty(data_period)) AND (NOT (EXISTS ( SELECT
           FROM public.block b
          WHERE ((b.resident_id = g.resident_id) AND (b.lifted_at IS NULL) AND
                CASE b.scope
                    WHEN 'everything'::text THEN true
                    WHEN 'study'::text THEN (b.study_id = g.study_id)
                    WHEN 'category'::text THEN (b.category = g.category)
                    WHEN 'organisation'::text THEN (b.organisation = ANY (g.recipients))
                    WHEN 'ehds'::text THEN g.ehds
                    ELSE false
                END)))) AND (NOT (EXISTS ( SELECT
           FROM public.withdrawal w
          WHERE ((w.resident_id = g.resident_id) AND (w.destroyed_at IS NULL) AND (g.category = ANY (w.destroy)))))) AND (NOT (EXISTS ( SELECT
           FROM public.stop_switch t
          WHERE ((t.lifted_at IS NULL) AND ((t.study_id = g.study_id) OR (t.category = g.category) OR (t.recipient = ANY (g.recipients))))))));

-- Name: collectable; Type: VIEW; 

CREATE VIEW public.collectable WITH (security_invoker='true') AS
 SELECT resident_id,
    category,
    item_id,
    (data_period - pauses) AS data_period,
    (data_period @> statement_timestamp()) AS live
   FROM public.undenied_grant g
  WHERE ((use = ANY (ARRAY['study'::text, 'keep'::text])) AND ((study_id IS NULL) OR (EXISTS ( SELECT
           FROM public.study_in_force s
          WHERE ((s.study_id = g.study_id) AND (s.status <> 'completed'::text))))));

-- Name: communication; Type: TABLE; 

CREATE TABLE public.communication (
    resident_id uuid NOT NULL,
    study_id uuid NOT NULL,
    communication_id uuid NOT NULL,
    member_id uuid,
    key_version integer NOT NULL,
    body bytea NOT NULL,
    written_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    read_at timestamp with time zone
);

ALTER TABLE ONLY public.communication FORCE ROW LEVEL SECURITY;

-- Name: TABLE communication; Type: COMMENT; 

COMMENT ON TABLE public.communication IS 'class: resident';

-- Name: COLUMN communication.member_id; Type: COMMENT; 

COMMENT ON COLUMN public.communication.member_id IS 'who of the team wrote it; none: the resident did';

-- Name: COLUMN communication.body; Type: COMMENT; 

COMMENT ON COLUMN public.communication.body IS 'sealed under the resident''s data key of the scope conversations';

-- Name: compaction; Type: TABLE; 

CREATE TABLE public.compaction (
    bucket smallint NOT NULL,
    after_resident uuid NOT NULL,
    after_stream uuid NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    resting boolean NOT NULL
);

-- Name: TABLE compaction; Type: COMMENT; 

COMMENT ON TABLE public.compaction IS 'class: queue';

-- Name: COLUMN compaction.resting; Type: COMMENT; 

COMMENT ON COLUMN public.compaction.resting IS 'the walk is over; the next one begins an hour after this one did';

-- Name: concern; Type: TABLE; 

CREATE TABLE public.concern (
    resident_id uuid NOT NULL,
    concern_id uuid NOT NULL,
    study_id uuid NOT NULL,
    response_id uuid NOT NULL,
    category text NOT NULL,
    tells text NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone,
    seen_by uuid,
    told_at timestamp with time zone,
    CONSTRAINT concern_check CHECK (((seen_at IS NULL) = (seen_by IS NULL))),
    CONSTRAINT concern_tells_check CHECK ((tells = ANY (ARRAY['study-team'::text, 'steward'::text])))
);

ALTER TABLE ONLY public.concern FORCE ROW LEVEL SECURITY;

-- Name: TABLE concern; Type: COMMENT; 

COMMENT ON TABLE public.concern IS 'class: resident';

-- Name: COLUMN concern.response_id; Type: COMMENT; 

COMMENT ON COLUMN public.concern.response_id IS 'where the answer stands, sealed: nothing here says what it was';

-- Name: COLUMN concern.told_at; Type: COMMENT; 

COMMENT ON COLUMN public.concern.told_at IS 'when the resident was told that nobody had looked in time';

-- Name: consent_item; Type: TABLE; 

CREATE TABLE public.consent_item (
    item_id uuid NOT NULL,
    version integer NOT NULL,
    notice_id uuid NOT NULL,
    study_id uuid,
    "position" smallint NOT NULL,
    use text NOT NULL,
    purpose text NOT NULL,
    categories text[] NOT NULL,
    sources text[] DEFAULT '{}'::text[] NOT NULL,
    recipients text[] DEFAULT '{}'::text[] NOT NULL,
    recipient_classes text[] DEFAULT '{}'::text[] NOT NULL,
    past boolean NOT NULL,
    future boolean NOT NULL,
    geography text DEFAULT 'SE'::text NOT NULL,
    linkage text[] DEFAULT '{}'::text[] NOT NULL,
    ai_training boolean DEFAULT false NOT NULL,
    commercial_use boolean DEFAULT false NOT NULL,
    recontact boolean DEFAULT false NOT NULL,
    return_of_results boolean DEFAULT false NOT NULL,
    ehds boolean DEFAULT false NOT NULL,
    duration_days integer,
    erase_by date,
    required boolean DEFAULT false NOT NULL,
    texts jsonb NOT NULL,
    CONSTRAINT consent_item_categories_check CHECK ((cardinality(categories) > 0)),
    CONSTRAINT consent_item_check CHECK ((past OR future)),
    CONSTRAINT consent_item_check1 CHECK (((use = 'study'::text) = (study_id IS NOT NULL))),
    CONSTRAINT consent_item_duration_days_check CHECK ((duration_days > 0)),
    CONSTRAINT consent_item_linkage_check CHECK ((linkage <@ ARRAY['registers'::text, 'journal'::text, 'biobank'::text])),
    CONSTRAINT consent_item_recipient_classes_check CHECK ((recipient_classes <@ ARRAY['named'::text, 'academic'::text, 'non-profit'::text, 'for-profit'::text, 'international'::text])),
    CONSTRAINT consent_item_use_check CHECK ((use = ANY (ARRAY['study'::text, 'keep'::text, 'find'::text, 'contact'::text, 'feedback'::text, 'quote'::text])))
);

-- Name: TABLE consent_item; Type: COMMENT; 

COMMENT ON TABLE public.consent_item IS 'class: reference';

-- Name: data_key; Type: TABLE; 

CREATE TABLE public.data_key (
    resident_id uuid NOT NULL,
    scope text NOT NULL,
    version integer NOT NULL,
    kek text NOT NULL,
    wrapped bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.data_key FORCE ROW LEVEL SECURITY;

-- Name: TABLE data_key; Type: COMMENT; 

COMMENT ON TABLE public.data_key IS 'class: resident';

-- Name: COLUMN data_key.scope; Type: COMMENT; 

COMMENT ON COLUMN public.data_key.scope IS 'a data category; destroying the row makes every copy of its segments unreadable';

-- Name: delivery; Type: TABLE; 

CREATE TABLE public.delivery (
    resident_id uuid NOT NULL,
    message_id uuid NOT NULL,
    device_id uuid NOT NULL,
    what text NOT NULL,
    happened_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT delivery_what_check CHECK ((what = ANY (ARRAY['delivered'::text, 'opened'::text, 'dismissed'::text])))
);

ALTER TABLE ONLY public.delivery FORCE ROW LEVEL SECURITY;

-- Name: TABLE delivery; Type: COMMENT; 

COMMENT ON TABLE public.delivery IS 'class: resident';

-- Name: COLUMN delivery.happened_at; Type: COMMENT; 

COMMENT ON COLUMN public.delivery.happened_at IS 'by the device''s own clock';

-- Name: device; Type: TABLE; 

CREATE TABLE public.device (
    resident_id uuid NOT NULL,
    device_id uuid NOT NULL,
    value_kind text NOT NULL,
    value text,
    value_hash bytea,
    platform text NOT NULL,
    language text NOT NULL,
    app_version text,
    registered_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    seen_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    retired_at timestamp with time zone,
    retired_because text,
    CONSTRAINT device_check CHECK (((retired_at IS NULL) = ((value IS NOT NULL) AND (value_hash IS NOT NULL) AND (retired_because IS NULL)))),
    CONSTRAINT device_platform_check CHECK ((platform = ANY (ARRAY['android'::text, 'ios'::text, 'web'::text]))),
    CONSTRAINT device_value_kind_check CHECK ((value_kind = ANY (ARRAY['fid'::text, 'token'::text])))
);

ALTER TABLE ONLY public.device FORCE ROW LEVEL SECURITY;

-- Name: TABLE device; Type: COMMENT; 

COMMENT ON TABLE public.device IS 'class: resident';

-- Name: COLUMN device.device_id; Type: COMMENT; 

COMMENT ON COLUMN public.device.device_id IS 'chosen by the app when it is installed';

-- Name: COLUMN device.value; Type: COMMENT; 

COMMENT ON COLUMN public.device.value IS 'what the push service knows it by; forgotten when it is retired';

-- Name: COLUMN device.retired_at; Type: COMMENT; 

COMMENT ON COLUMN public.device.retired_at IS 'it is not knocked on any more, until its app registers it again';

-- Name: device_value; Type: TABLE; 

CREATE TABLE public.device_value (
    value_hash bytea NOT NULL,
    resident_id uuid NOT NULL,
    device_id uuid NOT NULL
);

ALTER TABLE ONLY public.device_value FORCE ROW LEVEL SECURITY;

-- Name: TABLE device_value; Type: COMMENT; 

COMMENT ON TABLE public.device_value IS 'class: directory';

-- Name: email; Type: TABLE; 

CREATE TABLE public.email (
    resident_id uuid NOT NULL,
    sealed bytea,
    wanted boolean DEFAULT true NOT NULL,
    set_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    confirmed_at timestamp with time zone,
    code_id uuid,
    code_digest bytea,
    code_expires_at timestamp with time zone,
    tries smallint DEFAULT 0 NOT NULL,
    asked_at timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL,
    CONSTRAINT email_check CHECK (((sealed IS NOT NULL) OR ((confirmed_at IS NULL) AND (code_id IS NULL)))),
    CONSTRAINT email_check1 CHECK (((confirmed_at IS NULL) OR (code_id IS NULL))),
    CONSTRAINT email_check2 CHECK ((((code_id IS NULL) = (code_digest IS NULL)) AND ((code_id IS NULL) = (code_expires_at IS NULL))))
);

ALTER TABLE ONLY public.email FORCE ROW LEVEL SECURITY;

-- Name: TABLE email; Type: COMMENT; 

COMMENT ON TABLE public.email IS 'class: resident';

-- Name: COLUMN email.sealed; Type: COMMENT; 

COMMENT ON COLUMN public.email.sealed IS 'the address, sealed as person numbers are; without it the row only counts letters, for a day';

-- Name: COLUMN email.confirmed_at; Type: COMMENT; 

COMMENT ON COLUMN public.email.confirmed_at IS 'when the code came back; without it nothing but the code is sent there';

-- Name: COLUMN email.code_id; Type: COMMENT; 

COMMENT ON COLUMN public.email.code_id IS 'the letter in the outbox that brings the code; the code follows from it and a secret';

-- Name: COLUMN email.tries; Type: COMMENT; 

COMMENT ON COLUMN public.email.tries IS 'how many codes have been tried';

-- Name: COLUMN email.asked_at; Type: COMMENT; 

COMMENT ON COLUMN public.email.asked_at IS 'when codes were sent of late: nobody is sent more than a few in a day';

-- Name: enrolment; Type: TABLE; 

CREATE TABLE public.enrolment (
    resident_id uuid NOT NULL,
    enrolment_id uuid DEFAULT uuidv7() NOT NULL,
    study_id uuid NOT NULL,
    code uuid DEFAULT gen_random_uuid() NOT NULL,
    enrolled_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone,
    ended_by text,
    CONSTRAINT enrolment_ended_by_check CHECK ((ended_by = ANY (ARRAY['resident'::text, 'study'::text, 'controller'::text])))
);

ALTER TABLE ONLY public.enrolment FORCE ROW LEVEL SECURITY;

-- Name: TABLE enrolment; Type: COMMENT; 

COMMENT ON TABLE public.enrolment IS 'class: resident';

-- Name: erasure; Type: TABLE; 

CREATE TABLE public.erasure (
    resident_id uuid NOT NULL,
    erasure_id uuid DEFAULT uuidv7() NOT NULL,
    scope text NOT NULL,
    erased_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    terms jsonb
);

ALTER TABLE ONLY public.erasure FORCE ROW LEVEL SECURITY;

-- Name: TABLE erasure; Type: COMMENT; 

COMMENT ON TABLE public.erasure IS 'class: resident';

-- Name: COLUMN erasure.scope; Type: COMMENT; 

COMMENT ON COLUMN public.erasure.scope IS 'a category, account, stream/<id> or response/<id> destroyed; or consent or block, see terms';

-- Name: COLUMN erasure.terms; Type: COMMENT; 

COMMENT ON COLUMN public.erasure.terms IS 'the consent event that ended a use, or the block, so that it can be written again';

-- Name: fact; Type: TABLE; 

CREATE TABLE public.fact (
    resident_id uuid NOT NULL,
    url text NOT NULL,
    code text NOT NULL,
    value text NOT NULL,
    response_id uuid NOT NULL,
    declared_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.fact FORCE ROW LEVEL SECURITY;

-- Name: TABLE fact; Type: COMMENT; 

COMMENT ON TABLE public.fact IS 'class: resident';

-- Name: COLUMN fact.url; Type: COMMENT; 

COMMENT ON COLUMN public.fact.url IS 'the questionnaire that asked, whatever its version';

-- Name: COLUMN fact.declared_at; Type: COMMENT; 

COMMENT ON COLUMN public.fact.declared_at IS 'when the response was written';

-- Name: identity; Type: TABLE; 

CREATE TABLE public.identity (
    issuer text NOT NULL,
    subject_hmac bytea NOT NULL,
    resident_id uuid,
    erased_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT identity_check CHECK (((resident_id IS NULL) = (erased_at IS NOT NULL)))
);

ALTER TABLE ONLY public.identity FORCE ROW LEVEL SECURITY;

-- Name: TABLE identity; Type: COMMENT; 

COMMENT ON TABLE public.identity IS 'class: directory';

-- Name: COLUMN identity.erased_at; Type: COMMENT; 

COMMENT ON COLUMN public.identity.erased_at IS 'the account is gone; older tokens are refused until this row is purged, when all of them have run out';

-- Name: job; Type: TABLE; 

CREATE TABLE public.job (
    bucket smallint NOT NULL,
    job_id uuid DEFAULT uuidv7() NOT NULL,
    kind text NOT NULL,
    resident_id uuid NOT NULL,
    about bigint,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    leased_until timestamp with time zone,
    attempts smallint DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY public.job FORCE ROW LEVEL SECURITY;

-- Name: TABLE job; Type: COMMENT; 

COMMENT ON TABLE public.job IS 'class: queue';

-- Name: member; Type: TABLE; 

CREATE TABLE public.member (
    issuer text NOT NULL,
    subject_hmac bytea NOT NULL,
    member_id uuid DEFAULT uuidv7() NOT NULL,
    label text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

-- Name: TABLE member; Type: COMMENT; 

COMMENT ON TABLE public.member IS 'class: directory';

-- Name: membership; Type: TABLE; 

CREATE TABLE public.membership (
    membership_id uuid DEFAULT uuidv7() NOT NULL,
    member_id uuid NOT NULL,
    role text NOT NULL,
    study_id uuid,
    organisation_id uuid,
    granted_by uuid,
    granted_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT membership_check CHECK ((granted_by <> member_id)),
    CONSTRAINT membership_role_check CHECK ((role = ANY (ARRAY['steward'::text, 'data-protection-officer'::text, 'operator'::text, 'lead'::text, 'coordinator'::text, 'analyst'::text, 'organisation-analyst'::text, 'organisation-editor'::text])))
);

-- Name: TABLE membership; Type: COMMENT; 

COMMENT ON TABLE public.membership IS 'class: reference';

-- Name: message; Type: TABLE; 

CREATE TABLE public.message (
    resident_id uuid NOT NULL,
    message_id uuid NOT NULL,
    kind text NOT NULL,
    about uuid,
    study_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    read_at timestamp with time zone,
    archived_at timestamp with time zone,
    returned_at timestamp with time zone
);

ALTER TABLE ONLY public.message FORCE ROW LEVEL SECURITY;

-- Name: TABLE message; Type: COMMENT; 

COMMENT ON TABLE public.message IS 'class: resident';

-- Name: COLUMN message.returned_at; Type: COMMENT; 

COMMENT ON COLUMN public.message.returned_at IS 'last marked unread again, or brought back from the archive';

-- Name: notice; Type: TABLE; 

CREATE TABLE public.notice (
    notice_id uuid DEFAULT uuidv7() NOT NULL,
    study_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

-- Name: TABLE notice; Type: COMMENT; 

COMMENT ON TABLE public.notice IS 'class: reference';

-- Name: COLUMN notice.study_id; Type: COMMENT; 

COMMENT ON COLUMN public.notice.study_id IS 'none: the platform''s own';

-- Name: notice_text; Type: TABLE; 

CREATE TABLE public.notice_text (
    notice_id uuid NOT NULL,
    version integer NOT NULL,
    language text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    sha256 bytea NOT NULL,
    CONSTRAINT notice_text_check CHECK ((sha256 = sha256(convert_to(body, 'UTF8'::name))))
);

-- Name: TABLE notice_text; Type: COMMENT; 

COMMENT ON TABLE public.notice_text IS 'class: reference';

-- Name: notice_version; Type: TABLE; 

CREATE TABLE public.notice_version (
    notice_id uuid NOT NULL,
    version integer NOT NULL,
    change text NOT NULL,
    published_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT notice_version_change_check CHECK ((change = ANY (ARRAY['editorial'::text, 'minor'::text, 'material'::text]))),
    CONSTRAINT notice_version_version_check CHECK ((version > 0))
);

-- Name: TABLE notice_version; Type: COMMENT; 

COMMENT ON TABLE public.notice_version IS 'class: reference';

-- Name: outbox; Type: TABLE; 

CREATE TABLE public.outbox (
    bucket smallint NOT NULL,
    message_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    kind text NOT NULL,
    study_id uuid,
    not_before timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    leased_until timestamp with time zone,
    attempts smallint DEFAULT 0 NOT NULL,
    bulk boolean DEFAULT false NOT NULL,
    share uuid GENERATED ALWAYS AS (COALESCE(study_id, '00000000-0000-0000-0000-000000000000'::uuid)) STORED NOT NULL,
    told uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    tried_at timestamp with time zone,
    ended_at timestamp with time zone,
    cause text,
    CONSTRAINT outbox_state CHECK ((state = ANY (ARRAY['waiting'::text, 'sent'::text, 'bundled'::text, 'no-device'::text, 'cancelled'::text, 'expired'::text, 'dead'::text])))
)
WITH (fillfactor='80', autovacuum_vacuum_scale_factor='0.02');

ALTER TABLE ONLY public.outbox FORCE ROW LEVEL SECURITY;

-- Name: TABLE outbox; Type: COMMENT; 

COMMENT ON TABLE public.outbox IS 'class: queue';

-- Name: COLUMN outbox.state; Type: COMMENT; 

COMMENT ON COLUMN public.outbox.state IS 'waiting, also while a worker holds it; every other state is an end';

-- Name: COLUMN outbox.bulk; Type: COMMENT; 

COMMENT ON COLUMN public.outbox.bulk IS 'promised to many at once: it keeps to the ramp, and to its study''s share';

-- Name: COLUMN outbox.share; Type: COMMENT; 

COMMENT ON COLUMN public.outbox.share IS 'the study, or zeros for the platform: bulk is shared out fairly between them';

-- Name: COLUMN outbox.told; Type: COMMENT; 

COMMENT ON COLUMN public.outbox.told IS 'the devices that are done with: they took it, or it is not for them; the resident''s own id stands for their e-mail address';

-- Name: COLUMN outbox.tried_at; Type: COMMENT; 

COMMENT ON COLUMN public.outbox.tried_at IS 'when it was first tried in vain; retries end an hour later';

-- Name: COLUMN outbox.ended_at; Type: COMMENT; 

COMMENT ON COLUMN public.outbox.ended_at IS 'when it came to its end; its row goes two weeks after the promise';

-- Name: COLUMN outbox.cause; Type: COMMENT; 

COMMENT ON COLUMN public.outbox.cause IS 'why it ended so, or was put off: a stable code without content';

-- Name: participant_code; Type: TABLE; 

CREATE TABLE public.participant_code (
    code uuid NOT NULL,
    study_id uuid NOT NULL,
    resident_id uuid NOT NULL
);

ALTER TABLE ONLY public.participant_code FORCE ROW LEVEL SECURITY;

-- Name: TABLE participant_code; Type: COMMENT; 

COMMENT ON TABLE public.participant_code IS 'class: directory';

-- Name: permit; Type: VIEW; 

CREATE VIEW public.permit WITH (security_invoker='true') AS
 SELECT resident_id,
    study_id,
    use,
    item_id,
    category,
    event_seq,
    notice_version,
    (data_period - pauses) AS data_period
   FROM public.undenied_grant g
  WHERE (((valid_until IS NULL) OR (valid_until > statement_timestamp())) AND (NOT (pauses @> statement_timestamp())) AND ((study_id IS NULL) OR (EXISTS ( SELECT
           FROM public.study_in_force s
          WHERE (s.study_id = g.study_id)))));

-- Name: person; Type: TABLE; 

CREATE TABLE public.person (
    person_hmac bytea NOT NULL,
    resident_id uuid NOT NULL
);

ALTER TABLE ONLY public.person FORCE ROW LEVEL SECURITY;

-- Name: TABLE person; Type: COMMENT; 

COMMENT ON TABLE public.person IS 'class: directory';

-- Name: push_pace; Type: TABLE; 

CREATE TABLE public.push_pace (
    lane text NOT NULL,
    began bigint NOT NULL,
    last bigint NOT NULL,
    second bigint NOT NULL,
    spent integer NOT NULL,
    in_bulk integer NOT NULL,
    CONSTRAINT push_pace_lane_check CHECK ((lane = 'push'::text))
);

-- Name: TABLE push_pace; Type: COMMENT; 

COMMENT ON TABLE public.push_pace IS 'class: reference';

-- Name: COLUMN push_pace.began; Type: COMMENT; 

COMMENT ON COLUMN public.push_pace.began IS 'when the ramp of what is sent in bulk began, in seconds since 1970 like all of them';

-- Name: COLUMN push_pace.last; Type: COMMENT; 

COMMENT ON COLUMN public.push_pace.last IS 'when anything was last granted to what is sent in bulk';

-- Name: COLUMN push_pace.second; Type: COMMENT; 

COMMENT ON COLUMN public.push_pace.second IS 'the second that `spent` counts in, and of it `in_bulk`';

-- Name: questionnaire_version; Type: TABLE; 

CREATE TABLE public.questionnaire_version (
    questionnaire_id uuid DEFAULT uuidv7() NOT NULL,
    study_id uuid,
    url text NOT NULL,
    version text NOT NULL,
    status text DEFAULT 'draft'::text NOT NULL,
    category text NOT NULL,
    title text,
    resource jsonb NOT NULL,
    declarations jsonb NOT NULL,
    warnings jsonb NOT NULL,
    drafted_by uuid NOT NULL,
    drafted_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    published_at timestamp with time zone,
    retired_at timestamp with time zone,
    CONSTRAINT questionnaire_version_category_check CHECK ((category ~~ 'survey-%'::text)),
    CONSTRAINT questionnaire_version_check CHECK (((status = 'retired'::text) = (retired_at IS NOT NULL))),
    CONSTRAINT questionnaire_version_check1 CHECK (((status <> 'active'::text) OR (published_at IS NOT NULL))),
    CONSTRAINT questionnaire_version_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'retired'::text])))
);

-- Name: TABLE questionnaire_version; Type: COMMENT; 

COMMENT ON TABLE public.questionnaire_version IS 'class: reference';

-- Name: COLUMN questionnaire_version.study_id; Type: COMMENT; 

COMMENT ON COLUMN public.questionnaire_version.study_id IS 'whose it is; null: the region''s, for every study';

-- Name: COLUMN questionnaire_version.category; Type: COMMENT; 

COMMENT ON COLUMN public.questionnaire_version.category IS 'the data category of its answers: its topic';

-- Name: COLUMN questionnaire_version.resource; Type: COMMENT; 

COMMENT ON COLUMN public.questionnaire_version.resource IS 'the FHIR resource as it was given';

-- Name: COLUMN questionnaire_version.declarations; Type: COMMENT; 

COMMENT ON COLUMN public.questionnaire_version.declarations IS '{scoring, safety, facts}';

-- Name: COLUMN questionnaire_version.warnings; Type: COMMENT; 

COMMENT ON COLUMN public.questionnaire_version.warnings IS 'the extensions in it that are not kept to';

-- Name: reply; Type: TABLE; 

CREATE TABLE public.reply (
    actor_id uuid NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status smallint NOT NULL,
    content_type text NOT NULL,
    body bytea,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    events bigint[]
);

ALTER TABLE ONLY public.reply FORCE ROW LEVEL SECURITY;

-- Name: TABLE reply; Type: COMMENT; 

COMMENT ON TABLE public.reply IS 'class: directory';

-- Name: resident; Type: TABLE; 

CREATE TABLE public.resident (
    resident_id uuid DEFAULT uuidv7() NOT NULL,
    state text DEFAULT 'active'::text NOT NULL,
    notice_version integer NOT NULL,
    notice_language text NOT NULL,
    language text NOT NULL,
    zone text DEFAULT 'Europe/Stockholm'::text NOT NULL,
    preferences jsonb DEFAULT '{}'::jsonb NOT NULL,
    protected_identity boolean DEFAULT false NOT NULL,
    person_number_sealed bytea,
    signed_out_at timestamp with time zone,
    unused_since timestamp with time zone,
    revision bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT resident_state_check CHECK ((state = ANY (ARRAY['active'::text, 'moved-out'::text, 'deceased'::text, 'incapacitated'::text, 'erased'::text])))
);

ALTER TABLE ONLY public.resident FORCE ROW LEVEL SECURITY;

-- Name: TABLE resident; Type: COMMENT; 

COMMENT ON TABLE public.resident IS 'class: resident';

-- Name: COLUMN resident.state; Type: COMMENT; 

COMMENT ON COLUMN public.resident.state IS 'erased: an erasure that a hold or a use under way defers; the row goes when it is done';

-- Name: COLUMN resident.notice_version; Type: COMMENT; 

COMMENT ON COLUMN public.resident.notice_version IS 'the platform notice that was accepted at created_at, in notice_language';

-- Name: COLUMN resident.signed_out_at; Type: COMMENT; 

COMMENT ON COLUMN public.resident.signed_out_at IS 'tokens of logins up to this moment are refused';

-- Name: COLUMN resident.unused_since; Type: COMMENT; 

COMMENT ON COLUMN public.resident.unused_since IS 'since when no use is left for what was donated; erased 90 days later';

-- Name: resident_attribute; Type: TABLE; 

CREATE TABLE public.resident_attribute (
    resident_id uuid NOT NULL,
    name text NOT NULL,
    value text NOT NULL,
    source text NOT NULL,
    as_of timestamp with time zone NOT NULL,
    dispute text,
    disputed_at timestamp with time zone,
    CONSTRAINT resident_attribute_name_check CHECK ((name = ANY (ARRAY['birth-date'::text, 'sex'::text, 'municipality'::text])))
);

ALTER TABLE ONLY public.resident_attribute FORCE ROW LEVEL SECURITY;

-- Name: TABLE resident_attribute; Type: COMMENT; 

COMMENT ON TABLE public.resident_attribute IS 'class: resident';

-- Name: resident_lock; Type: TABLE; 

CREATE TABLE public.resident_lock (
    resident_id uuid NOT NULL
);

-- Name: TABLE resident_lock; Type: COMMENT; 

COMMENT ON TABLE public.resident_lock IS 'class: resident; open: nothing but ids, seen by every role that uses the gate, so that a lock is never silently not taken';

-- Name: response; Type: TABLE; 

CREATE TABLE public.response (
    resident_id uuid NOT NULL,
    response_id uuid NOT NULL,
    revision integer NOT NULL,
    study_id uuid NOT NULL,
    assignment_id uuid,
    questionnaire text NOT NULL,
    category text NOT NULL,
    state text NOT NULL,
    authored_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    key_version integer NOT NULL,
    body bytea NOT NULL,
    CONSTRAINT response_revision_check CHECK ((revision > 0)),
    CONSTRAINT response_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'completed'::text, 'amended'::text])))
);

ALTER TABLE ONLY public.response FORCE ROW LEVEL SECURITY;

-- Name: TABLE response; Type: COMMENT; 

COMMENT ON TABLE public.response IS 'class: resident';

-- Name: COLUMN response.response_id; Type: COMMENT; 

COMMENT ON COLUMN public.response.response_id IS 'chosen by the app, so that a retry is the same response';

-- Name: COLUMN response.revision; Type: COMMENT; 

COMMENT ON COLUMN public.response.revision IS 'a draft is written over; what was submitted stays, an amendment is a row after it';

-- Name: COLUMN response.questionnaire; Type: COMMENT; 

COMMENT ON COLUMN public.response.questionnaire IS 'url|version';

-- Name: COLUMN response.authored_at; Type: COMMENT; 

COMMENT ON COLUMN public.response.authored_at IS 'when it was written, as the phone says; not after received_at';

-- Name: COLUMN response.body; Type: COMMENT; 

COMMENT ON COLUMN public.response.body IS 'the FHIR resource and its scores, sealed by the data key of the category';

-- Name: round; Type: TABLE; 

CREATE TABLE public.round (
    round_id uuid DEFAULT uuidv7() NOT NULL,
    kind text NOT NULL,
    notice_id uuid,
    notice_version integer,
    after_resident uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid,
    begun_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT round_check CHECK (((kind = 'reviews'::text) = ((notice_id IS NOT NULL) AND (notice_version IS NOT NULL)))),
    CONSTRAINT round_kind_check CHECK ((kind = ANY (ARRAY['silences'::text, 'reviews'::text])))
);

-- Name: TABLE round; Type: COMMENT; 

COMMENT ON TABLE public.round IS 'class: reference';

-- Name: COLUMN round.after_resident; Type: COMMENT; 

COMMENT ON COLUMN public.round.after_resident IS 'everybody up to this one has been looked at; null: it is over';

-- Name: sample_deletion; Type: TABLE; 

CREATE TABLE public.sample_deletion (
    resident_id uuid NOT NULL,
    stream_id uuid NOT NULL,
    seq bigint NOT NULL,
    deleted boolean NOT NULL,
    category text NOT NULL,
    sample_ids bigint[] NOT NULL,
    noted_at timestamp with time zone DEFAULT now() NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT sample_deletion_sample_ids_check CHECK ((cardinality(sample_ids) > 0))
);

ALTER TABLE ONLY public.sample_deletion FORCE ROW LEVEL SECURITY;

-- Name: TABLE sample_deletion; Type: COMMENT; 

COMMENT ON TABLE public.sample_deletion IS 'class: resident';

-- Name: COLUMN sample_deletion.seq; Type: COMMENT; 

COMMENT ON COLUMN public.sample_deletion.seq IS 'the upload that deleted or replaced them';

-- Name: COLUMN sample_deletion.deleted; Type: COMMENT; 

COMMENT ON COLUMN public.sample_deletion.deleted IS 'false where that upload replaced them';

-- Name: COLUMN sample_deletion.sample_ids; Type: COMMENT; 

COMMENT ON COLUMN public.sample_deletion.sample_ids IS 'fingerprints of the ids that the samples have where they come from';

-- Name: COLUMN sample_deletion.settled_at; Type: COMMENT; 

COMMENT ON COLUMN public.sample_deletion.settled_at IS 'since then no segment holds any of them; kept against late arrivals';

-- Name: schedule; Type: TABLE; 

CREATE TABLE public.schedule (
    schedule_id uuid NOT NULL,
    study_id uuid NOT NULL,
    questionnaire text NOT NULL,
    category text NOT NULL,
    timetable jsonb NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    walked_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
);

-- Name: TABLE schedule; Type: COMMENT; 

COMMENT ON TABLE public.schedule IS 'class: reference';

-- Name: COLUMN schedule.questionnaire; Type: COMMENT; 

COMMENT ON COLUMN public.schedule.questionnaire IS 'url|version; what is assigned from now on';

-- Name: COLUMN schedule.category; Type: COMMENT; 

COMMENT ON COLUMN public.schedule.category IS 'the data category of its answers';

-- Name: COLUMN schedule.walked_until; Type: COMMENT; 

COMMENT ON COLUMN public.schedule.walked_until IS 'everybody has the assignments that open before this';

-- Name: schema_migration; Type: TABLE; 

CREATE TABLE public.schema_migration (
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

-- Name: TABLE schema_migration; Type: COMMENT; 

COMMENT ON TABLE public.schema_migration IS 'class: reference';

-- Name: segment; Type: TABLE; 

CREATE TABLE public.segment (
    resident_id uuid NOT NULL,
    stream_id uuid NOT NULL,
    first_ms bigint NOT NULL,
    segment_id uuid NOT NULL,
    last_ms bigint NOT NULL,
    category text NOT NULL,
    samples integer NOT NULL,
    key_version integer NOT NULL,
    body bytea NOT NULL,
    seq bigint DEFAULT 0 NOT NULL,
    CONSTRAINT segment_check CHECK ((first_ms <= last_ms)),
    CONSTRAINT segment_samples_check CHECK ((samples > 0))
);
ALTER TABLE ONLY public.segment ALTER COLUMN body SET STORAGE EXTERNAL;

ALTER TABLE ONLY public.segment FORCE ROW LEVEL SECURITY;

-- Name: TABLE segment; Type: COMMENT; 

COMMENT ON TABLE public.segment IS 'class: resident';

-- Name: COLUMN segment.last_ms; Type: COMMENT; 

COMMENT ON COLUMN public.segment.last_ms IS 'the start of the last sample in it';

-- Name: COLUMN segment.body; Type: COMMENT; 

COMMENT ON COLUMN public.segment.body IS 'packed columns under AES-256-GCM; resident, stream, segment and key version are authenticated';

-- Name: COLUMN segment.seq; Type: COMMENT; 

COMMENT ON COLUMN public.segment.seq IS 'the upload that it came with; after compaction, the last one whose deletions were applied to it';

-- Name: stream; Type: TABLE; 

CREATE TABLE public.stream (
    resident_id uuid NOT NULL,
    stream_id uuid NOT NULL,
    measure text NOT NULL,
    category text NOT NULL,
    source text NOT NULL,
    head_ms bigint NOT NULL,
    samples bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_upload_at timestamp with time zone DEFAULT now() NOT NULL,
    seq bigint DEFAULT 0 NOT NULL,
    loose integer DEFAULT 0 NOT NULL,
    compacted_ms bigint DEFAULT 0 NOT NULL,
    last_upload_key text,
    recent_since timestamp with time zone DEFAULT now() NOT NULL,
    recent_uploads integer DEFAULT 0 NOT NULL,
    permitted boolean,
    permitted_since timestamp with time zone,
    permission_told_at timestamp with time zone
)
WITH (fillfactor='80');

ALTER TABLE ONLY public.stream FORCE ROW LEVEL SECURITY;

-- Name: TABLE stream; Type: COMMENT; 

COMMENT ON TABLE public.stream IS 'class: resident';

-- Name: COLUMN stream.head_ms; Type: COMMENT; 

COMMENT ON COLUMN public.stream.head_ms IS 'the start of the newest sample; what is newer is appended without reading';

-- Name: COLUMN stream.seq; Type: COMMENT; 

COMMENT ON COLUMN public.stream.seq IS 'the number of the last upload that changed the stream, counted under the lock of its row';

-- Name: COLUMN stream.loose; Type: COMMENT; 

COMMENT ON COLUMN public.stream.loose IS 'segments stored since compaction last came by, and those that were too young for it';

-- Name: COLUMN stream.compacted_ms; Type: COMMENT; 

COMMENT ON COLUMN public.stream.compacted_ms IS 'where closed time ended when compaction last came by';

-- Name: COLUMN stream.last_upload_key; Type: COMMENT; 

COMMENT ON COLUMN public.stream.last_upload_key IS 'the Idempotency-Key of the last upload that was accepted: a phone set up anew reads it';

-- Name: COLUMN stream.recent_since; Type: COMMENT; 

COMMENT ON COLUMN public.stream.recent_since IS 'the beginning of the time in which recent_uploads are counted';

-- Name: COLUMN stream.permitted; Type: COMMENT; 

COMMENT ON COLUMN public.stream.permitted IS 'whether the app may read the measure on the phone, as it last said; null where it never did';

-- Name: COLUMN stream.permitted_since; Type: COMMENT; 

COMMENT ON COLUMN public.stream.permitted_since IS 'when it first said so, by its own clock, but never later than ours';

-- Name: COLUMN stream.permission_told_at; Type: COMMENT; 

COMMENT ON COLUMN public.stream.permission_told_at IS 'when it last said so: what is older does not count';

-- Name: study_event; Type: TABLE; 

CREATE TABLE public.study_event (
    resident_id uuid NOT NULL,
    study_id uuid NOT NULL,
    name text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_by uuid NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY public.study_event FORCE ROW LEVEL SECURITY;

-- Name: TABLE study_event; Type: COMMENT; 

COMMENT ON TABLE public.study_event IS 'class: resident';

-- Name: COLUMN study_event.name; Type: COMMENT; 

COMMENT ON COLUMN public.study_event.name IS 'as timetables name it';

-- Name: COLUMN study_event.recorded_by; Type: COMMENT; 

COMMENT ON COLUMN public.study_event.recorded_by IS 'the member who said so last';

-- Name: access access_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.access
    ADD CONSTRAINT access_pkey PRIMARY KEY (resident_id, access_id);

-- Name: announcement announcement_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.announcement
    ADD CONSTRAINT announcement_pkey PRIMARY KEY (announcement_id);

-- Name: approval approval_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.approval
    ADD CONSTRAINT approval_pkey PRIMARY KEY (study_id, reference);

-- Name: assignment assignment_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.assignment
    ADD CONSTRAINT assignment_pkey PRIMARY KEY (resident_id, assignment_id);

-- Name: assignment assignment_resident_id_schedule_id_slot_key; Type: CONSTRAINT; 

ALTER TABLE ONLY public.assignment
    ADD CONSTRAINT assignment_resident_id_schedule_id_slot_key UNIQUE (resident_id, schedule_id, slot);

-- Name: block block_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.block
    ADD CONSTRAINT block_pkey PRIMARY KEY (resident_id, block_id);

-- Name: communication communication_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.communication
    ADD CONSTRAINT communication_pkey PRIMARY KEY (resident_id, study_id, communication_id);

-- Name: compaction compaction_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.compaction
    ADD CONSTRAINT compaction_pkey PRIMARY KEY (bucket);

-- Name: concern concern_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.concern
    ADD CONSTRAINT concern_pkey PRIMARY KEY (resident_id, concern_id);

-- Name: consent_event consent_event_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.consent_event
    ADD CONSTRAINT consent_event_pkey PRIMARY KEY (resident_id, seq);

-- Name: consent_event consent_event_sound; Type: CHECK CONSTRAINT; 

ALTER TABLE public.consent_event
    ADD CONSTRAINT consent_event_sound CHECK (public.consent_event_sound(decision, scope, item_id, study_id, category, effect, pause_until, actor_role, method)) NOT VALID;

-- Name: consent_grant consent_grant_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.consent_grant
    ADD CONSTRAINT consent_grant_pkey PRIMARY KEY (resident_id, item_id, category);

-- Name: consent_head consent_head_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.consent_head
    ADD CONSTRAINT consent_head_pkey PRIMARY KEY (resident_id);

-- Name: consent_item consent_item_notice_id_version_position_key; Type: CONSTRAINT; 

ALTER TABLE ONLY public.consent_item
    ADD CONSTRAINT consent_item_notice_id_version_position_key UNIQUE (notice_id, version, "position");

-- Name: consent_item consent_item_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.consent_item
    ADD CONSTRAINT consent_item_pkey PRIMARY KEY (item_id, version);

-- Name: data_key data_key_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.data_key
    ADD CONSTRAINT data_key_pkey PRIMARY KEY (resident_id, scope, version);

-- Name: delivery delivery_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (resident_id, message_id, device_id, what);

-- Name: device device_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_pkey PRIMARY KEY (resident_id, device_id);

-- Name: device_value device_value_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.device_value
    ADD CONSTRAINT device_value_pkey PRIMARY KEY (value_hash);

-- Name: email email_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.email
    ADD CONSTRAINT email_pkey PRIMARY KEY (resident_id);

-- Name: enrolment enrolment_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.enrolment
    ADD CONSTRAINT enrolment_pkey PRIMARY KEY (resident_id, enrolment_id);

-- Name: erasure erasure_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.erasure
    ADD CONSTRAINT erasure_pkey PRIMARY KEY (resident_id, erasure_id);

-- Name: fact fact_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.fact
    ADD CONSTRAINT fact_pkey PRIMARY KEY (resident_id, url, code, value);

-- Name: identity identity_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.identity
    ADD CONSTRAINT identity_pkey PRIMARY KEY (subject_hmac, issuer);

-- Name: job job_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.job
    ADD CONSTRAINT job_pkey PRIMARY KEY (bucket, job_id);

-- Name: member member_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.member
    ADD CONSTRAINT member_pkey PRIMARY KEY (subject_hmac, issuer);

-- Name: membership membership_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_pkey PRIMARY KEY (membership_id);

-- Name: message message_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (resident_id, message_id);

-- Name: notice notice_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.notice
    ADD CONSTRAINT notice_pkey PRIMARY KEY (notice_id);

-- Name: notice_text notice_text_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.notice_text
    ADD CONSTRAINT notice_text_pkey PRIMARY KEY (notice_id, version, language);

-- Name: notice_version notice_version_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.notice_version
    ADD CONSTRAINT notice_version_pkey PRIMARY KEY (notice_id, version);

-- Name: outbox outbox_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (bucket, message_id);

-- Name: participant_code participant_code_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.participant_code
    ADD CONSTRAINT participant_code_pkey PRIMARY KEY (code);

-- Name: person person_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (person_hmac);

-- Name: push_pace push_pace_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.push_pace
    ADD CONSTRAINT push_pace_pkey PRIMARY KEY (lane);

-- Name: questionnaire_version questionnaire_version_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.questionnaire_version
    ADD CONSTRAINT questionnaire_version_pkey PRIMARY KEY (questionnaire_id);

-- Name: questionnaire_version questionnaire_version_url_version_key; Type: CONSTRAINT; 

ALTER TABLE ONLY public.questionnaire_version
    ADD CONSTRAINT questionnaire_version_url_version_key UNIQUE (url, version);

-- Name: reply reply_kept; Type: CHECK CONSTRAINT; 

ALTER TABLE public.reply
    ADD CONSTRAINT reply_kept CHECK (((body IS NULL) = (events IS NOT NULL))) NOT VALID;

-- Name: reply reply_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.reply
    ADD CONSTRAINT reply_pkey PRIMARY KEY (actor_id, route, key);

-- Name: resident_attribute resident_attribute_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.resident_attribute
    ADD CONSTRAINT resident_attribute_pkey PRIMARY KEY (resident_id, name);

-- Name: resident_lock resident_lock_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.resident_lock
    ADD CONSTRAINT resident_lock_pkey PRIMARY KEY (resident_id);

-- Name: resident resident_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.resident
    ADD CONSTRAINT resident_pkey PRIMARY KEY (resident_id);

-- Name: response response_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.response
    ADD CONSTRAINT response_pkey PRIMARY KEY (resident_id, response_id, revision);

-- Name: round round_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.round
    ADD CONSTRAINT round_pkey PRIMARY KEY (round_id);

-- Name: sample_deletion sample_deletion_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.sample_deletion
    ADD CONSTRAINT sample_deletion_pkey PRIMARY KEY (resident_id, stream_id, seq, deleted);

-- Name: schedule schedule_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.schedule
    ADD CONSTRAINT schedule_pkey PRIMARY KEY (schedule_id);

-- Name: schema_migration schema_migration_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (number);

-- Name: segment segment_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.segment
    ADD CONSTRAINT segment_pkey PRIMARY KEY (resident_id, stream_id, first_ms, segment_id);

-- Name: stop_switch stop_switch_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.stop_switch
    ADD CONSTRAINT stop_switch_pkey PRIMARY KEY (stop_id);

-- Name: stream stream_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.stream
    ADD CONSTRAINT stream_pkey PRIMARY KEY (resident_id, stream_id);

-- Name: stream stream_resident_id_measure_source_key; Type: CONSTRAINT; 

ALTER TABLE ONLY public.stream
    ADD CONSTRAINT stream_resident_id_measure_source_key UNIQUE (resident_id, measure, source);

-- Name: study_event study_event_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.study_event
    ADD CONSTRAINT study_event_pkey PRIMARY KEY (resident_id, study_id, name);

-- Name: study study_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.study
    ADD CONSTRAINT study_pkey PRIMARY KEY (study_id);

-- Name: withdrawal withdrawal_pkey; Type: CONSTRAINT; 

ALTER TABLE ONLY public.withdrawal
    ADD CONSTRAINT withdrawal_pkey PRIMARY KEY (resident_id, seq);

-- Name: assignment_expires; Type: INDEX; 

CREATE INDEX assignment_expires ON public.assignment USING btree (expires_at) WHERE (state = ANY (ARRAY['due'::text, 'draft'::text]));

-- Name: assignment_knock; Type: INDEX; 

CREATE INDEX assignment_knock ON public.assignment USING btree ((knocks_at[1])) WHERE ((state = ANY (ARRAY['due'::text, 'draft'::text])) AND (knocks_at <> '{}'::timestamp with time zone[]));

-- Name: assignment_of_schedule; Type: INDEX; 

CREATE INDEX assignment_of_schedule ON public.assignment USING btree (schedule_id, opens_at) WHERE (state = ANY (ARRAY['due'::text, 'draft'::text]));

-- Name: assignment_opens; Type: INDEX; 

CREATE INDEX assignment_opens ON public.assignment USING btree (resident_id, opens_at);

-- Name: block_live; Type: INDEX; 

CREATE INDEX block_live ON public.block USING btree (resident_id) WHERE (lifted_at IS NULL);

-- Name: block_undrained; Type: INDEX; 

CREATE INDEX block_undrained ON public.block USING btree (resident_id) WHERE (drained_at IS NULL);

-- Name: concern_overdue; Type: INDEX; 

CREATE INDEX concern_overdue ON public.concern USING btree (due_at) WHERE ((seen_at IS NULL) AND (told_at IS NULL));

-- Name: concern_study; Type: INDEX; 

CREATE INDEX concern_study ON public.concern USING btree (study_id, due_at, concern_id);

-- Name: consent_grant_ends; Type: INDEX; 

CREATE INDEX consent_grant_ends ON public.consent_grant USING btree (valid_until) WHERE (valid_until IS NOT NULL);

-- Name: device_seen; Type: INDEX; 

CREATE INDEX device_seen ON public.device USING btree (seen_at) WHERE (retired_at IS NULL);

-- Name: device_value_resident; Type: INDEX; 

CREATE INDEX device_value_resident ON public.device_value USING btree (resident_id);

-- Name: email_removed; Type: INDEX; 

CREATE INDEX email_removed ON public.email USING btree (set_at) WHERE (sealed IS NULL);

-- Name: enrolment_live; Type: INDEX; 

CREATE UNIQUE INDEX enrolment_live ON public.enrolment USING btree (resident_id, study_id) WHERE (ended_at IS NULL);

-- Name: erasure_erased_at; Type: INDEX; 

CREATE INDEX erasure_erased_at ON public.erasure USING btree (erased_at);

-- Name: identity_erased; Type: INDEX; 

CREATE INDEX identity_erased ON public.identity USING btree (erased_at) WHERE (erased_at IS NOT NULL);

-- Name: identity_resident; Type: INDEX; 

CREATE INDEX identity_resident ON public.identity USING btree (resident_id);

-- Name: job_due; Type: INDEX; 

CREATE INDEX job_due ON public.job USING btree (bucket, due_at);

-- Name: job_resident; Type: INDEX; 

CREATE INDEX job_resident ON public.job USING btree (bucket, resident_id);

-- Name: membership_live; Type: INDEX; 

CREATE UNIQUE INDEX membership_live ON public.membership USING btree (member_id, role, study_id, organisation_id) NULLS NOT DISTINCT WHERE (ended_at IS NULL);

-- Name: notice_study; Type: INDEX; 

CREATE UNIQUE INDEX notice_study ON public.notice USING btree (study_id);

-- Name: outbox_bulk; Type: INDEX; 

CREATE INDEX outbox_bulk ON public.outbox USING btree (bucket, share, not_before) WHERE ((state = 'waiting'::text) AND bulk);

-- Name: outbox_dead; Type: INDEX; 

CREATE INDEX outbox_dead ON public.outbox USING btree (bucket, ended_at) WHERE (state = 'dead'::text);

-- Name: outbox_prompt; Type: INDEX; 

CREATE INDEX outbox_prompt ON public.outbox USING btree (bucket, not_before) WHERE ((state = 'waiting'::text) AND (NOT bulk));

-- Name: outbox_resident; Type: INDEX; 

CREATE INDEX outbox_resident ON public.outbox USING btree (bucket, resident_id) WHERE (state = 'waiting'::text);

-- Name: participant_code_resident; Type: INDEX; 

CREATE INDEX participant_code_resident ON public.participant_code USING btree (resident_id);

-- Name: participant_code_study; Type: INDEX; 

CREATE INDEX participant_code_study ON public.participant_code USING btree (study_id, code);

-- Name: person_resident; Type: INDEX; 

CREATE INDEX person_resident ON public.person USING btree (resident_id);

-- Name: questionnaire_version_study; Type: INDEX; 

CREATE INDEX questionnaire_version_study ON public.questionnaire_version USING btree (study_id, questionnaire_id);

-- Name: reply_made_at; Type: INDEX; 

CREATE INDEX reply_made_at ON public.reply USING btree (made_at);

-- Name: resident_unused; Type: INDEX; 

CREATE INDEX resident_unused ON public.resident USING btree (unused_since) WHERE (unused_since IS NOT NULL);

-- Name: response_received; Type: INDEX; 

CREATE INDEX response_received ON public.response USING btree (resident_id, received_at, response_id);

-- Name: round_under_way; Type: INDEX; 

CREATE INDEX round_under_way ON public.round USING btree (kind) WHERE (after_resident IS NOT NULL);

-- Name: schedule_study; Type: INDEX; 

CREATE INDEX schedule_study ON public.schedule USING btree (study_id, schedule_id);

-- Name: withdrawal_open; Type: INDEX; 

CREATE INDEX withdrawal_open ON public.withdrawal USING btree (resident_id) WHERE ((drained_at IS NULL) OR (destroyed_at IS NULL));

-- Name: access append_only; Type: TRIGGER; 

CREATE TRIGGER append_only BEFORE UPDATE ON public.access FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

-- Name: consent_event append_only; Type: TRIGGER; 

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.consent_event FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

-- Name: consent_event append_only_truncate; Type: TRIGGER; 

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.consent_event FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

-- Name: consent_grant fact_forget; Type: TRIGGER; 

CREATE TRIGGER fact_forget AFTER UPDATE ON public.consent_grant FOR EACH ROW WHEN (((old.use = 'find'::text) AND (old.category = 'declared-facts'::text) AND isempty(new.data_period))) EXECUTE FUNCTION public.fact_forget();

-- Name: block journal; Type: TRIGGER; 

CREATE TRIGGER journal AFTER INSERT ON public.block FOR EACH ROW EXECUTE FUNCTION public.journal_block();

-- Name: consent_event journal; Type: TRIGGER; 

CREATE TRIGGER journal AFTER INSERT ON public.consent_event FOR EACH ROW WHEN (((new.decision <> ALL (ARRAY['permit'::text, 'resume'::text])) AND (new.effect IS DISTINCT FROM 'no-contact'::text))) EXECUTE FUNCTION public.journal_event();

-- Name: announcement announcement_study_id_fkey; Type: FK CONSTRAINT; 

ALTER TABLE ONLY public.announcement
    ADD CONSTRAINT announcement_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.study(study_id);

-- Name: approval approval_study_id_fkey; Type: FK CONSTRAINT; 

ALTER TABLE ONLY public.approval
    ADD CONSTRAINT approval_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.study(study_id);

-- Name: assignment assignment_schedule_id_fkey; Type: FK CONSTRAINT; 

ALTER TABLE ONLY public.assignment
    ADD CONSTRAINT assignment_schedule_id_fkey FOREIGN KEY (schedule_id) REFERENCES public.schedule(schedule_id);

-- Name: consent_item consent_item_notice_id_version_fkey; Type: FK CONSTRAINT; 

ALTER TABLE ONLY public.consent_item
    ADD CONSTRAINT consent_item_notice_id_version_fkey FOREIGN KEY (notice_id, version) REFERENCES public.notice_version(notice_id, version);

-- Name: enrolment enrolment_study_id_fkey; Type: FK CONSTRAINT; 

ALTER TABLE ONLY public.enrolment
    ADD CONSTRAINT enrolment_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.study(study_id);

-- Name: notice notice_study_id_fkey; Type: FK CONSTRAINT; 

ALTER TABLE ONLY public.notice
    ADD CONSTRAINT notice_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.study(study_id);

-- Name: notice_text notice_text_notice_id_version_fkey; Type: FK CONSTRAINT; 

ALTER TABLE ONLY public.notice_text
    ADD CONSTRAINT notice_text_notice_id_version_fkey FOREIGN KEY (notice_id, version) REFERENCES public.notice_version(notice_id, version);

-- Name: notice_version notice_version_notice_id_fkey; Type: FK CONSTRAINT; 

ALTER TABLE ONLY public.notice_version
    ADD CONSTRAINT notice_version_notice_id_fkey FOREIGN KEY (notice_id) REFERENCES public.notice(notice_id);

-- Name: questionnaire_version questionnaire_version_study_id_fkey; Type: FK CONSTRAINT; 

ALTER TABLE ONLY public.questionnaire_version
    ADD CONSTRAINT questionnaire_version_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.study(study_id);

-- Name: round round_notice_id_notice_version_fkey; Type: FK CONSTRAINT; 

ALTER TABLE ONLY public.round
    ADD CONSTRAINT round_notice_id_notice_version_fkey FOREIGN KEY (notice_id, notice_version) REFERENCES public.notice_version(notice_id, version);

-- Name: schedule schedule_study_id_fkey; Type: FK CONSTRAINT; 

ALTER TABLE ONLY public.schedule
    ADD CONSTRAINT schedule_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.study(study_id);

-- Name: access; Type: ROW SECURITY; 

ALTER TABLE public.access ENABLE ROW LEVEL SECURITY;

-- Name: assignment; Type: ROW SECURITY; 

ALTER TABLE public.assignment ENABLE ROW LEVEL SECURITY;

-- Name: block; Type: ROW SECURITY; 

ALTER TABLE public.block ENABLE ROW LEVEL SECURITY;

-- Name: communication; Type: ROW SECURITY; 

ALTER TABLE public.communication ENABLE ROW LEVEL SECURITY;

-- Name: concern; Type: ROW SECURITY; 

ALTER TABLE public.concern ENABLE ROW LEVEL SECURITY;

-- Name: consent_event; Type: ROW SECURITY; 

ALTER TABLE public.consent_event ENABLE ROW LEVEL SECURITY;

-- Name: consent_grant; Type: ROW SECURITY; 

ALTER TABLE public.consent_grant ENABLE ROW LEVEL SECURITY;

-- Name: consent_head; Type: ROW SECURITY; 

ALTER TABLE public.consent_head ENABLE ROW LEVEL SECURITY;

-- Name: data_key; Type: ROW SECURITY; 

ALTER TABLE public.data_key ENABLE ROW LEVEL SECURITY;

-- Name: delivery; Type: ROW SECURITY; 

ALTER TABLE public.delivery ENABLE ROW LEVEL SECURITY;

-- Name: device; Type: ROW SECURITY; 

ALTER TABLE public.device ENABLE ROW LEVEL SECURITY;

-- Name: device_value; Type: ROW SECURITY; 

ALTER TABLE public.device_value ENABLE ROW LEVEL SECURITY;

-- Name: email; Type: ROW SECURITY; 

ALTER TABLE public.email ENABLE ROW LEVEL SECURITY;

-- Name: enrolment; Type: ROW SECURITY; 

ALTER TABLE public.enrolment ENABLE ROW LEVEL SECURITY;

-- Name: erasure; Type: ROW SECURITY; 

ALTER TABLE public.erasure ENABLE ROW LEVEL SECURITY;

-- Name: fact; Type: ROW SECURITY; 

ALTER TABLE public.fact ENABLE ROW LEVEL SECURITY;

-- Name: identity; Type: ROW SECURITY; 

ALTER TABLE public.identity ENABLE ROW LEVEL SECURITY;

-- Name: access job; Type: POLICY; 

CREATE POLICY job ON public.access TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: assignment job; Type: POLICY; 

CREATE POLICY job ON public.assignment TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: block job; Type: POLICY; 

CREATE POLICY job ON public.block TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: communication job; Type: POLICY; 

CREATE POLICY job ON public.communication TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: concern job; Type: POLICY; 

CREATE POLICY job ON public.concern TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: consent_event job; Type: POLICY; 

CREATE POLICY job ON public.consent_event TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: consent_grant job; Type: POLICY; 

CREATE POLICY job ON public.consent_grant TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: consent_head job; Type: POLICY; 

CREATE POLICY job ON public.consent_head TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: data_key job; Type: POLICY; 

CREATE POLICY job ON public.data_key TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: delivery job; Type: POLICY; 

CREATE POLICY job ON public.delivery TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: device job; Type: POLICY; 

CREATE POLICY job ON public.device TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: device_value job; Type: POLICY; 

CREATE POLICY job ON public.device_value TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: email job; Type: POLICY; 

CREATE POLICY job ON public.email TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: enrolment job; Type: POLICY; 

CREATE POLICY job ON public.enrolment TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: erasure job; Type: POLICY; 

CREATE POLICY job ON public.erasure TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: fact job; Type: POLICY; 

CREATE POLICY job ON public.fact TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: identity job; Type: POLICY; 

CREATE POLICY job ON public.identity TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: job; Type: ROW SECURITY; 

ALTER TABLE public.job ENABLE ROW LEVEL SECURITY;

-- Name: job job; Type: POLICY; 

CREATE POLICY job ON public.job TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: message job; Type: POLICY; 

CREATE POLICY job ON public.message TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: outbox job; Type: POLICY; 

CREATE POLICY job ON public.outbox TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: participant_code job; Type: POLICY; 

CREATE POLICY job ON public.participant_code TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: person job; Type: POLICY; 

CREATE POLICY job ON public.person TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: reply job; Type: POLICY; 

CREATE POLICY job ON public.reply TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: resident job; Type: POLICY; 

CREATE POLICY job ON public.resident TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: resident_attribute job; Type: POLICY; 

CREATE POLICY job ON public.resident_attribute TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: response job; Type: POLICY; 

CREATE POLICY job ON public.response TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: sample_deletion job; Type: POLICY; 

CREATE POLICY job ON public.sample_deletion TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: segment job; Type: POLICY; 

CREATE POLICY job ON public.segment TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: stream job; Type: POLICY; 

CREATE POLICY job ON public.stream TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: study_event job; Type: POLICY; 

CREATE POLICY job ON public.study_event TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: withdrawal job; Type: POLICY; 

CREATE POLICY job ON public.withdrawal TO medverka_worker USING ((public.app_job() IS NOT NULL));

-- Name: device_value keyed; Type: POLICY; 

CREATE POLICY keyed ON public.device_value TO medverka_api USING (((value_hash = public.app_device()) OR (resident_id = public.app_resident()))) WITH CHECK ((resident_id = public.app_resident()));

-- Name: person keyed; Type: POLICY; 

CREATE POLICY keyed ON public.person FOR SELECT TO medverka_api USING (((person_hmac = decode(NULLIF(current_setting('app.person'::text, true), ''::text), 'hex'::text)) OR (resident_id = public.app_resident())));

-- Name: identity login; Type: POLICY; 

CREATE POLICY login ON public.identity TO medverka_api USING (((subject_hmac = public.app_subject()) OR (resident_id = public.app_resident()))) WITH CHECK (((subject_hmac = public.app_subject()) OR (resident_id = public.app_resident()) OR (resident_id IS NULL)));

-- Name: message; Type: ROW SECURITY; 

ALTER TABLE public.message ENABLE ROW LEVEL SECURITY;

-- Name: erasure named; Type: POLICY; 

CREATE POLICY named ON public.erasure FOR SELECT TO medverka_api USING ((erasure_id = ANY ((string_to_array(current_setting('app.erasures'::text, true), ','::text))::uuid[])));

-- Name: outbox; Type: ROW SECURITY; 

ALTER TABLE public.outbox ENABLE ROW LEVEL SECURITY;

-- Name: access own; Type: POLICY; 

CREATE POLICY own ON public.access FOR SELECT TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: assignment own; Type: POLICY; 

CREATE POLICY own ON public.assignment TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: block own; Type: POLICY; 

CREATE POLICY own ON public.block TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: communication own; Type: POLICY; 

CREATE POLICY own ON public.communication TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: concern own; Type: POLICY; 

CREATE POLICY own ON public.concern TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: consent_event own; Type: POLICY; 

CREATE POLICY own ON public.consent_event TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: consent_grant own; Type: POLICY; 

CREATE POLICY own ON public.consent_grant TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: consent_head own; Type: POLICY; 

CREATE POLICY own ON public.consent_head TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: data_key own; Type: POLICY; 

CREATE POLICY own ON public.data_key TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: delivery own; Type: POLICY; 

CREATE POLICY own ON public.delivery TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: device own; Type: POLICY; 

CREATE POLICY own ON public.device TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: email own; Type: POLICY; 

CREATE POLICY own ON public.email TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: enrolment own; Type: POLICY; 

CREATE POLICY own ON public.enrolment TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: erasure own; Type: POLICY; 

CREATE POLICY own ON public.erasure TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: fact own; Type: POLICY; 

CREATE POLICY own ON public.fact TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: job own; Type: POLICY; 

CREATE POLICY own ON public.job TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: message own; Type: POLICY; 

CREATE POLICY own ON public.message TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: outbox own; Type: POLICY; 

CREATE POLICY own ON public.outbox TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: participant_code own; Type: POLICY; 

CREATE POLICY own ON public.participant_code TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: reply own; Type: POLICY; 

CREATE POLICY own ON public.reply TO medverka_api USING (((actor_id = public.app_resident()) OR (actor_id = public.app_member())));

-- Name: resident own; Type: POLICY; 

CREATE POLICY own ON public.resident TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: resident_attribute own; Type: POLICY; 

CREATE POLICY own ON public.resident_attribute TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: response own; Type: POLICY; 

CREATE POLICY own ON public.response TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: sample_deletion own; Type: POLICY; 

CREATE POLICY own ON public.sample_deletion TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: segment own; Type: POLICY; 

CREATE POLICY own ON public.segment TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: stream own; Type: POLICY; 

CREATE POLICY own ON public.stream TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: study_event own; Type: POLICY; 

CREATE POLICY own ON public.study_event TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: withdrawal own; Type: POLICY; 

CREATE POLICY own ON public.withdrawal TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: person own_delete; Type: POLICY; 

CREATE POLICY own_delete ON public.person FOR DELETE TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: access own_end; Type: POLICY; 

CREATE POLICY own_end ON public.access FOR DELETE TO medverka_api USING ((resident_id = public.app_resident()));

-- Name: person own_insert; Type: POLICY; 

CREATE POLICY own_insert ON public.person FOR INSERT TO medverka_api WITH CHECK ((resident_id = public.app_resident()));

-- Name: participant_code; Type: ROW SECURITY; 

ALTER TABLE public.participant_code ENABLE ROW LEVEL SECURITY;

-- Name: person; Type: ROW SECURITY; 

ALTER TABLE public.person ENABLE ROW LEVEL SECURITY;

-- Name: reply; Type: ROW SECURITY; 

ALTER TABLE public.reply ENABLE ROW LEVEL SECURITY;

-- Name: resident; Type: ROW SECURITY; 

ALTER TABLE public.resident ENABLE ROW LEVEL SECURITY;

-- Name: resident_attribute; Type: ROW SECURITY; 

ALTER TABLE public.resident_attribute ENABLE ROW LEVEL SECURITY;

-- Name: response; Type: ROW SECURITY; 

ALTER TABLE public.response ENABLE ROW LEVEL SECURITY;

-- Name: sample_deletion; Type: ROW SECURITY; 

ALTER TABLE public.sample_deletion ENABLE ROW LEVEL SECURITY;

-- Name: segment; Type: ROW SECURITY; 

ALTER TABLE public.segment ENABLE ROW LEVEL SECURITY;

-- Name: stream; Type: ROW SECURITY; 

ALTER TABLE public.stream ENABLE ROW LEVEL SECURITY;

-- Name: assignment study; Type: POLICY; 

CREATE POLICY study ON public.assignment FOR SELECT TO medverka_api USING (((study_id = public.app_study()) AND public.study_may_see(resident_id, category)));

-- Name: block study; Type: POLICY; 

CREATE POLICY study ON public.block FOR SELECT TO medverka_api USING (((public.app_study() IS NOT NULL) AND public.study_was_given(resident_id)));

-- Name: concern study; Type: POLICY; 

CREATE POLICY study ON public.concern FOR SELECT TO medverka_api USING (((study_id = public.app_study()) AND public.study_may_see(resident_id, category)));

-- Name: consent_grant study; Type: POLICY; 

CREATE POLICY study ON public.consent_grant FOR SELECT TO medverka_api USING ((study_id = public.app_study()));

-- Name: data_key study; Type: POLICY; 

CREATE POLICY study ON public.data_key FOR SELECT TO medverka_api USING (((public.app_study() IS NOT NULL) AND public.study_may_see(resident_id, scope)));

-- Name: enrolment study; Type: POLICY; 

CREATE POLICY study ON public.enrolment FOR SELECT TO medverka_api USING ((study_id = public.app_study()));

-- Name: participant_code study; Type: POLICY; 

CREATE POLICY study ON public.participant_code FOR SELECT TO medverka_api USING ((study_id = public.app_study()));

-- Name: response study; Type: POLICY; 

CREATE POLICY study ON public.response FOR SELECT TO medverka_api USING (((study_id = public.app_study()) AND (state <> 'draft'::text) AND public.study_may_see(resident_id, category)));

-- Name: sample_deletion study; Type: POLICY; 

CREATE POLICY study ON public.sample_deletion FOR SELECT TO medverka_api USING (((public.app_study() IS NOT NULL) AND public.study_may_see(resident_id, category)));

-- Name: segment study; Type: POLICY; 

CREATE POLICY study ON public.segment FOR SELECT TO medverka_api USING (((public.app_study() IS NOT NULL) AND public.study_may_see(resident_id, category)));

-- Name: stream study; Type: POLICY; 

CREATE POLICY study ON public.stream FOR SELECT TO medverka_api USING (((public.app_study() IS NOT NULL) AND public.study_may_see(resident_id, category)));

-- Name: withdrawal study; Type: POLICY; 

CREATE POLICY study ON public.withdrawal FOR SELECT TO medverka_api USING (((public.app_study() IS NOT NULL) AND public.study_was_given(resident_id)));

-- Name: study_event; Type: ROW SECURITY; 

ALTER TABLE public.study_event ENABLE ROW LEVEL SECURITY;

-- Name: access used; Type: POLICY; 

CREATE POLICY used ON public.access FOR INSERT TO medverka_api WITH CHECK ((study_id = public.app_study()));

-- Name: withdrawal; Type: ROW SECURITY; 

ALTER TABLE public.withdrawal ENABLE ROW LEVEL SECURITY;

-- Name: SCHEMA public; Type: ACL; 

REVOKE USAGE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO medverka_api;
GRANT USAGE ON SCHEMA public TO medverka_worker;
GRANT USAGE ON SCHEMA public TO medverka_auditor;

-- Name: TABLE consent_event; Type: ACL; 

GRANT SELECT,INSERT ON TABLE public.consent_event TO medverka_api;
GRANT SELECT,INSERT ON TABLE public.consent_event TO medverka_worker;

-- Name: TABLE consent_head; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.consent_head TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.consent_head TO medverka_worker;

-- Name: TABLE access; Type: ACL; 

GRANT SELECT,INSERT,DELETE ON TABLE public.access TO medverka_api;
GRANT SELECT,INSERT,DELETE ON TABLE public.access TO medverka_worker;

-- Name: TABLE announcement; Type: ACL; 

GRANT SELECT ON TABLE public.announcement TO medverka_api;
GRANT SELECT ON TABLE public.announcement TO medverka_worker;
GRANT SELECT ON TABLE public.announcement TO medverka_auditor;

-- Name: COLUMN announcement.kind; Type: ACL; 

GRANT INSERT(kind) ON TABLE public.announcement TO medverka_api;

-- Name: COLUMN announcement.study_id; Type: ACL; 

GRANT INSERT(study_id) ON TABLE public.announcement TO medverka_api;

-- Name: COLUMN announcement.texts; Type: ACL; 

GRANT INSERT(texts) ON TABLE public.announcement TO medverka_api;

-- Name: COLUMN announcement.drafted_by; Type: ACL; 

GRANT INSERT(drafted_by) ON TABLE public.announcement TO medverka_api;

-- Name: COLUMN announcement.approved_by; Type: ACL; 

GRANT UPDATE(approved_by) ON TABLE public.announcement TO medverka_api;

-- Name: COLUMN announcement.approved_at; Type: ACL; 

GRANT UPDATE(approved_at) ON TABLE public.announcement TO medverka_api;

-- Name: COLUMN announcement.withdrawn_at; Type: ACL; 

GRANT UPDATE(withdrawn_at) ON TABLE public.announcement TO medverka_api;

-- Name: COLUMN announcement.walked_until; Type: ACL; 

GRANT UPDATE(walked_until) ON TABLE public.announcement TO medverka_worker;

-- Name: COLUMN announcement.told; Type: ACL; 

GRANT UPDATE(told) ON TABLE public.announcement TO medverka_worker;

-- Name: COLUMN announcement.finished_at; Type: ACL; 

GRANT UPDATE(finished_at) ON TABLE public.announcement TO medverka_worker;

-- Name: TABLE approval; Type: ACL; 

GRANT SELECT,INSERT,UPDATE ON TABLE public.approval TO medverka_api;
GRANT SELECT ON TABLE public.approval TO medverka_worker;
GRANT SELECT ON TABLE public.approval TO medverka_auditor;

-- Name: TABLE assignment; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.assignment TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.assignment TO medverka_worker;

-- Name: TABLE block; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.block TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.block TO medverka_worker;

-- Name: TABLE consent_grant; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.consent_grant TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.consent_grant TO medverka_worker;

-- Name: TABLE stop_switch; Type: ACL; 

GRANT SELECT,INSERT,UPDATE ON TABLE public.stop_switch TO medverka_api;
GRANT SELECT ON TABLE public.stop_switch TO medverka_worker;
GRANT SELECT ON TABLE public.stop_switch TO medverka_auditor;

-- Name: TABLE study; Type: ACL; 

GRANT SELECT,INSERT,UPDATE ON TABLE public.study TO medverka_api;
GRANT SELECT ON TABLE public.study TO medverka_worker;
GRANT SELECT ON TABLE public.study TO medverka_auditor;

-- Name: TABLE study_in_force; Type: ACL; 

GRANT SELECT ON TABLE public.study_in_force TO medverka_api;
GRANT SELECT ON TABLE public.study_in_force TO medverka_worker;

-- Name: TABLE withdrawal; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.withdrawal TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.withdrawal TO medverka_worker;

-- Name: TABLE undenied_grant; Type: ACL; 

GRANT SELECT ON TABLE public.undenied_grant TO medverka_api;
GRANT SELECT ON TABLE public.undenied_grant TO medverka_worker;

-- Name: TABLE collectable; Type: ACL; 

GRANT SELECT ON TABLE public.collectable TO medverka_api;
GRANT SELECT ON TABLE public.collectable TO medverka_worker;

-- Name: TABLE communication; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.communication TO medverka_api;
GRANT SELECT,DELETE ON TABLE public.communication TO medverka_worker;

-- Name: TABLE compaction; Type: ACL; 

GRANT SELECT,UPDATE ON TABLE public.compaction TO medverka_worker;

-- Name: TABLE concern; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.concern TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.concern TO medverka_worker;

-- Name: TABLE consent_item; Type: ACL; 

GRANT SELECT,INSERT ON TABLE public.consent_item TO medverka_api;
GRANT SELECT ON TABLE public.consent_item TO medverka_worker;
GRANT SELECT ON TABLE public.consent_item TO medverka_auditor;

-- Name: TABLE data_key; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.data_key TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.data_key TO medverka_worker;

-- Name: TABLE delivery; Type: ACL; 

GRANT SELECT,INSERT,DELETE ON TABLE public.delivery TO medverka_api;
GRANT SELECT,INSERT,DELETE ON TABLE public.delivery TO medverka_worker;

-- Name: TABLE device; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.device TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.device TO medverka_worker;

-- Name: TABLE device_value; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.device_value TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.device_value TO medverka_worker;

-- Name: TABLE email; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.email TO medverka_api;
GRANT SELECT,DELETE,UPDATE ON TABLE public.email TO medverka_worker;

-- Name: TABLE enrolment; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.enrolment TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.enrolment TO medverka_worker;

-- Name: TABLE erasure; Type: ACL; 

GRANT SELECT,INSERT ON TABLE public.erasure TO medverka_api;
GRANT SELECT,INSERT ON TABLE public.erasure TO medverka_worker;

-- Name: TABLE fact; Type: ACL; 

GRANT SELECT,INSERT,DELETE ON TABLE public.fact TO medverka_api;
GRANT SELECT,INSERT,DELETE ON TABLE public.fact TO medverka_worker;

-- Name: TABLE identity; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.identity TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.identity TO medverka_worker;

-- Name: TABLE job; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.job TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.job TO medverka_worker;

-- Name: TABLE member; Type: ACL; 

GRANT SELECT,INSERT ON TABLE public.member TO medverka_api;
GRANT SELECT ON TABLE public.member TO medverka_worker;
GRANT SELECT ON TABLE public.member TO medverka_auditor;

-- Name: TABLE membership; Type: ACL; 

GRANT SELECT,INSERT,UPDATE ON TABLE public.membership TO medverka_api;
GRANT SELECT ON TABLE public.membership TO medverka_worker;
GRANT SELECT ON TABLE public.membership TO medverka_auditor;

-- Name: TABLE message; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.message TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.message TO medverka_worker;

-- Name: TABLE notice; Type: ACL; 

GRANT SELECT,INSERT ON TABLE public.notice TO medverka_api;
GRANT SELECT ON TABLE public.notice TO medverka_worker;
GRANT SELECT ON TABLE public.notice TO medverka_auditor;

-- Name: TABLE notice_text; Type: ACL; 

GRANT SELECT,INSERT ON TABLE public.notice_text TO medverka_api;
GRANT SELECT ON TABLE public.notice_text TO medverka_worker;
GRANT SELECT ON TABLE public.notice_text TO medverka_auditor;

-- Name: TABLE notice_version; Type: ACL; 

GRANT SELECT,INSERT ON TABLE public.notice_version TO medverka_api;
GRANT SELECT ON TABLE public.notice_version TO medverka_worker;
GRANT SELECT ON TABLE public.notice_version TO medverka_auditor;

-- Name: TABLE outbox; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbox TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbox TO medverka_worker;

-- Name: TABLE participant_code; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.participant_code TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.participant_code TO medverka_worker;

-- Name: TABLE permit; Type: ACL; 

GRANT SELECT ON TABLE public.permit TO medverka_api;
GRANT SELECT ON TABLE public.permit TO medverka_worker;

-- Name: TABLE person; Type: ACL; 

GRANT SELECT,INSERT,DELETE ON TABLE public.person TO medverka_api;
GRANT SELECT,INSERT,DELETE ON TABLE public.person TO medverka_worker;

-- Name: TABLE push_pace; Type: ACL; 

GRANT SELECT,UPDATE ON TABLE public.push_pace TO medverka_worker;

-- Name: TABLE questionnaire_version; Type: ACL; 

GRANT SELECT ON TABLE public.questionnaire_version TO medverka_api;
GRANT SELECT ON TABLE public.questionnaire_version TO medverka_worker;
GRANT SELECT ON TABLE public.questionnaire_version TO medverka_auditor;

-- Name: COLUMN questionnaire_version.study_id; Type: ACL; 

GRANT INSERT(study_id) ON TABLE public.questionnaire_version TO medverka_api;

-- Name: COLUMN questionnaire_version.url; Type: ACL; 

GRANT INSERT(url) ON TABLE public.questionnaire_version TO medverka_api;

-- Name: COLUMN questionnaire_version.version; Type: ACL; 

GRANT INSERT(version) ON TABLE public.questionnaire_version TO medverka_api;

-- Name: COLUMN questionnaire_version.status; Type: ACL; 

GRANT UPDATE(status) ON TABLE public.questionnaire_version TO medverka_api;

-- Name: COLUMN questionnaire_version.category; Type: ACL; 

GRANT INSERT(category) ON TABLE public.questionnaire_version TO medverka_api;

-- Name: COLUMN questionnaire_version.title; Type: ACL; 

GRANT INSERT(title) ON TABLE public.questionnaire_version TO medverka_api;

-- Name: COLUMN questionnaire_version.resource; Type: ACL; 

GRANT INSERT(resource) ON TABLE public.questionnaire_version TO medverka_api;

-- Name: COLUMN questionnaire_version.declarations; Type: ACL; 

GRANT INSERT(declarations) ON TABLE public.questionnaire_version TO medverka_api;

-- Name: COLUMN questionnaire_version.warnings; Type: ACL; 

GRANT INSERT(warnings) ON TABLE public.questionnaire_version TO medverka_api;

-- Name: COLUMN questionnaire_version.drafted_by; Type: ACL; 

GRANT INSERT(drafted_by) ON TABLE public.questionnaire_version TO medverka_api;

-- Name: COLUMN questionnaire_version.published_at; Type: ACL; 

GRANT UPDATE(published_at) ON TABLE public.questionnaire_version TO medverka_api;

-- Name: COLUMN questionnaire_version.retired_at; Type: ACL; 

GRANT UPDATE(retired_at) ON TABLE public.questionnaire_version TO medverka_api;

-- Name: TABLE reply; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.reply TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.reply TO medverka_worker;

-- Name: TABLE resident; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.resident TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.resident TO medverka_worker;

-- Name: TABLE resident_attribute; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.resident_attribute TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.resident_attribute TO medverka_worker;

-- Name: TABLE resident_lock; Type: ACL; 

GRANT SELECT,INSERT,DELETE ON TABLE public.resident_lock TO medverka_api;
GRANT SELECT,INSERT,DELETE ON TABLE public.resident_lock TO medverka_worker;

-- Name: TABLE response; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.response TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.response TO medverka_worker;

-- Name: TABLE round; Type: ACL; 

GRANT SELECT ON TABLE public.round TO medverka_worker;

-- Name: COLUMN round.kind; Type: ACL; 

GRANT INSERT(kind) ON TABLE public.round TO medverka_api;

-- Name: COLUMN round.notice_id; Type: ACL; 

GRANT INSERT(notice_id) ON TABLE public.round TO medverka_api;

-- Name: COLUMN round.notice_version; Type: ACL; 

GRANT INSERT(notice_version) ON TABLE public.round TO medverka_api;

-- Name: COLUMN round.after_resident; Type: ACL; 

GRANT UPDATE(after_resident) ON TABLE public.round TO medverka_worker;

-- Name: COLUMN round.begun_at; Type: ACL; 

GRANT UPDATE(begun_at) ON TABLE public.round TO medverka_worker;

-- Name: TABLE sample_deletion; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sample_deletion TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sample_deletion TO medverka_worker;

-- Name: TABLE schedule; Type: ACL; 

GRANT SELECT,INSERT,UPDATE ON TABLE public.schedule TO medverka_api;
GRANT SELECT,UPDATE ON TABLE public.schedule TO medverka_worker;

-- Name: TABLE schema_migration; Type: ACL; 

GRANT SELECT ON TABLE public.schema_migration TO medverka_api;
GRANT SELECT ON TABLE public.schema_migration TO medverka_worker;
GRANT SELECT ON TABLE public.schema_migration TO medverka_auditor;

-- Name: TABLE segment; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.segment TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.segment TO medverka_worker;

-- Name: TABLE stream; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.stream TO medverka_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.stream TO medverka_worker;

-- Name: TABLE study_event; Type: ACL; 

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.study_event TO medverka_api;
GRANT SELECT,DELETE ON TABLE public.study_event TO medverka_worker;
