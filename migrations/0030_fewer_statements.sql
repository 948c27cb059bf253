-- squawk-ignore-file ban-drop-function -- each comes again in this transaction, with the columns its callers read
-- The functions of giving consent, in fewer statements each: a statement inside a function costs 15 to
-- 40 us, and giving took eighteen. Each still reads what others may change after it has locked the head.

-- What is no set is no table function either: assigning its result needs no executor.
DROP FUNCTION enter_at_once(text, bytea, timestamptz, text, text, bytea);
DROP FUNCTION enter(text, bytea, text, text);
DROP FUNCTION claim(uuid, text, text);

-- What stands under an Idempotency-Key, and whether it is this transaction's turn to answer it.
CREATE FUNCTION claim(
    p_actor uuid, p_route text, p_key text,
    OUT turn boolean, OUT fingerprint bytea, OUT status smallint, OUT content_type text, OUT body bytea, OUT events bigint[])
LANGUAGE plpgsql AS $$
BEGIN
    turn := pg_try_advisory_xact_lock(hashtext(p_actor::text || p_route), hashtext(p_key));
    SELECT r.fingerprint, r.status, r.content_type, r.body, r.events INTO fingerprint, status, content_type, body, events
      FROM reply r WHERE r.actor_id = p_actor AND r.route = p_route AND r.key = p_key;
END $$;

-- The resident behind a login, as whom the rest of the transaction acts, and `claim` where there is a key.
CREATE FUNCTION enter(
    p_issuer text, p_subject_hmac bytea, p_route text, p_key text,
    OUT resident_id uuid, OUT language text, OUT zone text, OUT refused_until timestamptz,
    OUT turn boolean, OUT fingerprint bytea, OUT status smallint, OUT content_type text, OUT body bytea, OUT events bigint[])
LANGUAGE plpgsql AS $$
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

-- `enter`, and what api/idempotency.py and `Door.admit` would say of it. No resident: not to be let in,
-- or not at once. `events`: what this key has been answered with before.
CREATE FUNCTION enter_at_once(
    p_issuer text, p_subject_hmac bytea, p_issued_at timestamptz, p_route text, p_key text, p_fingerprint bytea,
    OUT resident_id uuid, OUT events bigint[])
LANGUAGE plpgsql AS $$
DECLARE
    door record;
BEGIN
    PERFORM set_config('app.subject', encode(p_subject_hmac, 'hex'), true);
    door := enter(p_issuer, p_subject_hmac, p_route, p_key);
    IF door.language IS NULL OR door.refused_until >= p_issued_at OR NOT door.turn
       OR (door.status IS NOT NULL AND (door.fingerprint <> p_fingerprint OR door.events IS NULL)) THEN
        RETURN;
    END IF;
    resident_id := door.resident_id;
    events := door.events;
END $$;

-- An event is written in the row that heads its resident's chain, in one statement.
CREATE OR REPLACE FUNCTION consent_append(e consent_event, head consent_head) RETURNS consent_event LANGUAGE plpgsql AS $$
BEGIN
    e.resident_id := head.resident_id;
    e.seq := head.seq + 1;
    e.prev_hash := head.hash;
    e.hash := sha256(e.prev_hash || convert_to(consent_event_text(e), 'UTF8'));
    WITH said AS (INSERT INTO consent_event SELECT e.*)
    UPDATE consent_head h SET seq = e.seq, hash = e.hash WHERE h.resident_id = e.resident_id;
    RETURN e;
END $$;

-- p_sensitive: of an item with several categories these are given by name alone.
DROP FUNCTION consent_answer(
    uuid, uuid, integer, text, text, text[], boolean, boolean, timestamptz, bigint, uuid, text, text, timestamptz);
CREATE FUNCTION consent_answer(
    p_resident uuid, p_item uuid, p_version integer, p_language text, p_decision text,
    p_categories text[], p_past boolean, p_future boolean, p_valid_until timestamptz, p_seen bigint,
    p_actor uuid, p_role text, p_method text, p_claimed_at timestamptz, p_sensitive text[] DEFAULT '{}',
    OUT outcome text, OUT current_version integer, OUT event consent_event)
LANGUAGE plpgsql AS $$
DECLARE
    head consent_head%ROWTYPE;
    item record;
    at timestamptz;
    opening tstzmultirange := '{}';
BEGIN
    SELECT h.* INTO head FROM consent_head h JOIN resident r ON r.resident_id = h.resident_id
     WHERE h.resident_id = p_resident AND r.state <> 'erased'
       FOR UPDATE OF h;
    at := clock_timestamp();
    SELECT i.notice_id, i.study_id, i.use, i.categories, i.recipients, i.past, i.future, i.ehds, i.duration_days,
           v.current, v.superseded,
           EXISTS (SELECT FROM notice_text t WHERE t.notice_id = i.notice_id
                      AND t.version = p_version AND t.language = p_language) AS readable,
           i.study_id IS NULL OR EXISTS (
               SELECT FROM study_in_force s
                WHERE s.study_id = i.study_id AND s.status IN ('active', 'closed-to-accrual')) AS open,
           i.use IN ('study', 'keep') AND EXISTS (
               SELECT FROM resident r
                WHERE r.resident_id = p_resident AND r.unused_since IS NOT NULL) AS used_again
      INTO item
      FROM consent_item i
     CROSS JOIN LATERAL (
           SELECT max(n.version) AS current,
                  bool_or(n.version > p_version AND n.change <> 'editorial') AS superseded
             FROM notice_version n WHERE n.notice_id = i.notice_id) v
     WHERE i.item_id = p_item AND i.version = p_version;
    IF head.resident_id IS NULL OR item.notice_id IS NULL THEN
        outcome := 'unknown'; RETURN;
    ELSIF p_seen > head.seq THEN
        outcome := 'not-yet-written'; RETURN;
    END IF;
    current_version := item.current;
    IF p_decision = 'permit' AND item.superseded THEN
        outcome := 'superseded'; RETURN;
    ELSIF NOT item.readable THEN
        outcome := 'untranslated'; RETURN;
    ELSIF p_decision = 'permit' AND NOT item.open THEN
        outcome := 'closed'; RETURN;
    END IF;
    IF p_categories IS NULL AND p_decision = 'permit' AND cardinality(item.categories) > 1
       AND item.categories && p_sensitive THEN
        p_categories := ARRAY(SELECT c FROM unnest(item.categories) c WHERE c <> ALL (p_sensitive));
    END IF;
    IF cardinality(p_categories) = 0 THEN
        outcome := 'unnamed'; RETURN;
    END IF;
    p_categories := coalesce(p_categories, item.categories);
    p_past := coalesce(p_past, item.past);
    p_future := coalesce(p_future, item.future);
    IF p_decision = 'permit' AND (NOT p_categories <@ item.categories
            OR (p_past AND NOT item.past) OR (p_future AND NOT item.future) OR NOT (p_past OR p_future)
            OR p_valid_until <= at) THEN
        outcome := 'beyond-scope'; RETURN;
    END IF;
    p_valid_until := least(p_valid_until, at + make_interval(days => item.duration_days));
    IF cardinality(p_categories) > 1 THEN
        p_categories := ARRAY(SELECT DISTINCT c FROM unnest(p_categories) c ORDER BY c);
    END IF;

    event.decision := p_decision;
    event.scope := 'item';
    event.item_id := p_item;
    event.study_id := item.study_id;
    event.notice_id := item.notice_id;
    event.notice_version := p_version;
    event.language := p_language;
    event.categories := p_categories;
    event.use := item.use;
    event.past := CASE WHEN p_decision = 'permit' THEN p_past END;
    event.future := CASE WHEN p_decision = 'permit' THEN p_future END;
    event.valid_until := CASE WHEN p_decision = 'permit' THEN p_valid_until END;
    event.seen_seq := p_seen;
    event.blind := p_decision = 'permit' AND p_seen < head.seq AND EXISTS (
        SELECT FROM consent_event e
         WHERE e.resident_id = p_resident AND e.seq > p_seen
           AND CASE e.scope WHEN 'item' THEN e.item_id = p_item
                            WHEN 'study' THEN e.study_id = item.study_id
                            WHEN 'category' THEN e.category = ANY (p_categories)
                            ELSE true END);
    event.actor_id := p_actor;
    event.actor_role := p_role;
    event.method := p_method;
    event.claimed_at := p_claimed_at;
    event.recorded_at := at;
    event := consent_append(event, head);
    outcome := 'recorded';

    IF p_decision = 'deny' THEN
        -- A no to newer terms leaves a grant under the older ones as it is.
        UPDATE consent_grant g
           SET data_period = '{}', since = NULL, status = 'ConsentRefused', event_seq = event.seq
         WHERE g.resident_id = p_resident AND g.item_id = p_item AND g.notice_version >= p_version;
        INSERT INTO consent_grant (resident_id, item_id, category, study_id, use, notice_version, recipients,
                                   ehds, status, event_seq, data_period)
        SELECT p_resident, p_item, c, item.study_id, item.use, p_version, item.recipients,
               item.ehds, 'ConsentRefused', event.seq, '{}'
          FROM unnest(p_categories) c
            ON CONFLICT DO NOTHING;
    ELSIF NOT event.blind THEN
        IF item.used_again THEN
            UPDATE resident r SET unused_since = NULL WHERE r.resident_id = p_resident;
        END IF;
        opening := tstzmultirange(tstzrange(CASE WHEN p_past THEN NULL ELSE at END,
                                            CASE WHEN p_future THEN p_valid_until ELSE at END));
        IF head.seq > 0 THEN  -- before the first event there was nothing to narrow
            UPDATE consent_grant g
               SET data_period = '{}', since = NULL, status = 'ConsentWithdrawn', event_seq = event.seq
             WHERE g.resident_id = p_resident AND g.item_id = p_item AND NOT g.category = ANY (p_categories)
               AND NOT isempty(g.data_period);
        END IF;
        INSERT INTO consent_grant AS g (resident_id, item_id, category, study_id, use, notice_version, recipients,
                                        ehds, status, event_seq, since, valid_until, data_period)
        SELECT p_resident, p_item, c, item.study_id, item.use, p_version, item.recipients,
               item.ehds, 'ConsentGiven', event.seq, at, p_valid_until, opening
          FROM unnest(p_categories) c
            ON CONFLICT (resident_id, item_id, category) DO UPDATE
           SET notice_version = excluded.notice_version, recipients = excluded.recipients, ehds = excluded.ehds,
               event_seq = excluded.event_seq, valid_until = excluded.valid_until,
               status = CASE WHEN g.status IN ('ConsentGiven', 'RenewedConsentGiven')
                              AND (g.valid_until IS NULL OR g.valid_until > at)
                             THEN 'RenewedConsentGiven' ELSE 'ConsentGiven' END,
               since = coalesce(g.since, at),
               data_period = g.data_period * tstzmultirange(tstzrange(coalesce(g.since, at), at)) + opening;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION consent_answers(p_resident uuid, p_actor uuid, p_role text, p_answers jsonb, p_sensitive text[])
RETURNS TABLE (outcome text, current_version integer, event consent_event) LANGUAGE plpgsql AS $$
DECLARE
    one record;
    found record;
BEGIN
    FOR one IN SELECT * FROM jsonb_to_recordset(p_answers) AS a (
        item_id uuid, notice_version integer, language text, decision text, categories text[], past boolean,
        future boolean, valid_until timestamptz, seen_seq bigint, method text, claimed_at timestamptz)
    LOOP
        found := consent_answer(
            p_resident, one.item_id, one.notice_version, one.language, one.decision, one.categories,
            one.past, one.future, one.valid_until, one.seen_seq, p_actor, p_role, one.method, one.claimed_at, p_sensitive);
        outcome := found.outcome;
        current_version := found.current_version;
        event := found.event;
        RETURN NEXT;
        EXIT WHEN outcome <> 'recorded';
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION answer_at_once(
    p_issuer text, p_subject_hmac bytea, p_issued_at timestamptz, p_route text, p_key text, p_fingerprint bytea,
    p_answers jsonb, p_sensitive text[])
RETURNS TABLE (event consent_event, again boolean) LANGUAGE plpgsql AS $$
DECLARE
    who record;
    one record;
    seqs bigint[] := '{}';
BEGIN
    who := enter_at_once(p_issuer, p_subject_hmac, p_issued_at, p_route, p_key, p_fingerprint);
    IF who.events IS NOT NULL THEN
        RETURN QUERY SELECT c, true FROM consent_event c
                      WHERE c.resident_id = who.resident_id AND c.seq = ANY (who.events) ORDER BY c.seq;
    ELSIF who.resident_id IS NOT NULL THEN
        FOR one IN SELECT a.outcome, a.event FROM consent_answers(
                who.resident_id, who.resident_id, 'resident', p_answers, p_sensitive) a
        LOOP
            IF one.outcome <> 'recorded' THEN
                RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
            END IF;
            event := one.event;
            again := false;
            seqs := seqs || event.seq;
            RETURN NEXT;
        END LOOP;
        INSERT INTO reply (actor_id, route, key, fingerprint, status, content_type, events)
        VALUES (who.resident_id, p_route, p_key, p_fingerprint, 201, 'application/json', seqs);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION withdraw_at_once(
    p_issuer text, p_subject_hmac bytea, p_issued_at timestamptz, p_route text, p_key text, p_fingerprint bytea,
    p_scope text, p_item uuid, p_study uuid, p_category text, p_effect text, p_claimed_at timestamptz)
RETURNS TABLE (event consent_event, drained_at timestamptz, again boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    who record;
    done record;
BEGIN
    who := enter_at_once(p_issuer, p_subject_hmac, p_issued_at, p_route, p_key, p_fingerprint);
    IF who.events IS NOT NULL THEN
        RETURN QUERY SELECT c, CASE r.status WHEN 200 THEN w.drained_at END, true
                       FROM consent_event c
                       JOIN withdrawal w ON w.resident_id = c.resident_id AND w.seq = c.seq
                       JOIN reply r ON r.actor_id = c.resident_id AND r.route = p_route AND r.key = p_key
                      WHERE c.resident_id = who.resident_id AND c.seq = ANY (who.events);
    ELSIF EXISTS (SELECT FROM enrolment n WHERE n.resident_id = who.resident_id AND n.ended_at IS NULL)
       OR EXISTS (SELECT FROM stream s WHERE s.resident_id = who.resident_id) THEN
        RETURN;
    ELSIF who.resident_id IS NOT NULL THEN
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

DROP PROCEDURE keep_events(uuid, text, text, bytea, integer, bigint[]);

-- `enter`, in a statement of its own.
DROP FUNCTION enter_alone(text, bytea);
CREATE FUNCTION enter_alone(
    p_issuer text, p_subject_hmac bytea, OUT resident_id uuid, OUT language text, OUT zone text, OUT refused_until timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
    door record;
BEGIN
    PERFORM set_config('app.subject', encode(p_subject_hmac, 'hex'), true);
    door := enter(p_issuer, p_subject_hmac, NULL, NULL);
    resident_id := door.resident_id;
    language := door.language;
    zone := door.zone;
    refused_until := door.refused_until;
END $$;
