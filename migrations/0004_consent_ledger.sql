-- The two hot writes of consent, one round trip each. Every statement inside a function has a
-- fresh snapshot, so lock-then-read holds. The fold in domain/consents/model.py says what they mean.

CREATE FUNCTION micros(at timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (extract(epoch FROM at) * 1000000)::bigint;

-- What the hash is over: one JSON array of the event's fields, times as microseconds since 1970.
CREATE FUNCTION consent_event_text(e consent_event) RETURNS text LANGUAGE sql STABLE
    RETURN jsonb_build_array(
        e.resident_id, e.seq, e.decision, e.scope, e.item_id, e.study_id, e.category,
        e.notice_id, e.notice_version, e.language, to_jsonb(e.categories), e.use, e.past, e.future,
        micros(e.valid_until), e.effect, micros(e.pause_until), e.seen_seq, e.blind,
        e.actor_id, e.actor_role, e.representation_id, e.method,
        micros(e.claimed_at), micros(e.recorded_at))::text;

-- Append an event to its resident's chain. `head` was read with its row locked.
CREATE FUNCTION consent_append(e consent_event, head consent_head) RETURNS consent_event LANGUAGE plpgsql AS $$
BEGIN
    e.resident_id := head.resident_id;
    e.seq := head.seq + 1;
    e.prev_hash := head.hash;
    e.hash := sha256(e.prev_hash || convert_to(consent_event_text(e), 'UTF8'));
    INSERT INTO consent_event SELECT e.*;
    UPDATE consent_head h SET seq = e.seq, hash = e.hash WHERE h.resident_id = e.resident_id;
    RETURN e;
END $$;

-- An answer to one item. `outcome` is 'recorded', or why nothing was.
CREATE FUNCTION consent_answer(
    p_resident uuid, p_item uuid, p_version integer, p_language text, p_decision text,
    p_categories text[], p_past boolean, p_future boolean, p_valid_until timestamptz, p_seen bigint,
    p_actor uuid, p_role text, p_method text, p_claimed_at timestamptz,
    OUT outcome text, OUT current_version integer, OUT event consent_event)
LANGUAGE plpgsql AS $$
DECLARE
    head consent_head%ROWTYPE;
    item consent_item%ROWTYPE;
    asked record;
    at timestamptz;
    opening tstzmultirange := '{}';
BEGIN
    SELECT h.* INTO head FROM consent_head h JOIN resident r ON r.resident_id = h.resident_id
     WHERE h.resident_id = p_resident AND r.state <> 'erased'
       FOR UPDATE OF h;
    at := clock_timestamp();
    SELECT i.* INTO item FROM consent_item i WHERE i.item_id = p_item AND i.version = p_version;
    IF head.resident_id IS NULL OR item.item_id IS NULL THEN
        outcome := 'unknown'; RETURN;
    ELSIF p_seen > head.seq THEN
        outcome := 'not-yet-written'; RETURN;
    END IF;
    SELECT max(v.version) AS current,
           bool_or(v.version > p_version AND v.change <> 'editorial') AS superseded,
           EXISTS (SELECT FROM notice_text t WHERE t.notice_id = item.notice_id
                      AND t.version = p_version AND t.language = p_language) AS readable,
           item.study_id IS NULL OR EXISTS (
               SELECT FROM study_in_force s
                WHERE s.study_id = item.study_id AND s.status IN ('active', 'closed-to-accrual')) AS open
      INTO asked FROM notice_version v WHERE v.notice_id = item.notice_id;
    current_version := asked.current;
    IF p_decision = 'permit' AND asked.superseded THEN
        outcome := 'superseded'; RETURN;
    ELSIF NOT asked.readable THEN
        outcome := 'untranslated'; RETURN;
    ELSIF p_decision = 'permit' AND NOT asked.open THEN
        outcome := 'closed'; RETURN;
    END IF;
    p_categories := coalesce(p_categories, item.categories);
    p_past := coalesce(p_past, item.past);
    p_future := coalesce(p_future, item.future);
    IF p_decision = 'permit' AND (cardinality(p_categories) = 0 OR NOT p_categories <@ item.categories
            OR (p_past AND NOT item.past) OR (p_future AND NOT item.future) OR NOT (p_past OR p_future)
            OR p_valid_until <= at) THEN
        outcome := 'beyond-scope'; RETURN;
    END IF;
    p_valid_until := least(p_valid_until, at + make_interval(days => item.duration_days));
    SELECT array_agg(DISTINCT c ORDER BY c) INTO p_categories FROM unnest(p_categories) c;

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
        UPDATE resident r SET unused_since = NULL
         WHERE r.resident_id = p_resident AND r.unused_since IS NOT NULL AND item.use IN ('study', 'keep');
        opening := tstzmultirange(tstzrange(CASE WHEN p_past THEN NULL ELSE at END,
                                            CASE WHEN p_future THEN p_valid_until ELSE at END));
        UPDATE consent_grant g
           SET data_period = '{}', since = NULL, status = 'ConsentWithdrawn', event_seq = event.seq
         WHERE g.resident_id = p_resident AND g.item_id = p_item AND NOT g.category = ANY (p_categories)
           AND NOT isempty(g.data_period);
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

-- Close, pause or resume what a scope covers. Accepted whatever version, whatever state.
CREATE FUNCTION consent_close(
    p_resident uuid, p_decision text, p_scope text, p_item uuid, p_study uuid, p_category text,
    p_effect text, p_pause_until timestamptz, p_seen bigint,
    p_actor uuid, p_role text, p_method text, p_claimed_at timestamptz)
RETURNS consent_event LANGUAGE plpgsql AS $$
DECLARE
    head consent_head%ROWTYPE;
    event consent_event;
    at timestamptz;
BEGIN
    SELECT h.* INTO STRICT head FROM consent_head h WHERE h.resident_id = p_resident FOR UPDATE;
    at := clock_timestamp();
    event.decision := p_decision;
    event.scope := p_scope;
    event.item_id := p_item;
    event.study_id := p_study;
    IF p_scope = 'item' THEN
        SELECT i.study_id INTO event.study_id FROM consent_item i WHERE i.item_id = p_item LIMIT 1;
    END IF;
    event.category := p_category;
    event.categories := '{}';
    event.effect := p_effect;
    event.pause_until := p_pause_until;
    event.seen_seq := p_seen;
    event.blind := false;
    event.actor_id := p_actor;
    event.actor_role := p_role;
    event.method := p_method;
    event.claimed_at := p_claimed_at;
    event.recorded_at := at;
    event := consent_append(event, head);
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

-- Wait at most two seconds for uses under way to end. False: they have not, and go on.
-- NULL: there is no such resident to lock.
CREATE FUNCTION resident_drain(p_resident uuid) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    found_row boolean := false;
    before text := current_setting('lock_timeout');
BEGIN
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
