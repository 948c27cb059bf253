-- squawk-ignore-file ban-drop-constraint -- one comes in their place, in this transaction
-- Giving and withdrawing with fewer expressions: PL/pgSQL makes each of a function's ready anew in every
-- transaction, and CHECK constraints are read from their text anew with every INSERT. Twenty assignments are
-- one row here, eight constraints one function: a fifth of what giving took of PostgreSQL.

-- What the constraints of before said, in the same words. Rows of before were held to those.
CREATE FUNCTION consent_event_sound(
    decision text, scope text, item_id uuid, study_id uuid, category text, effect text, pause_until timestamptz,
    actor_role text, method text)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
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
ALTER TABLE consent_event
    DROP CONSTRAINT consent_event_actor_role_check,
    DROP CONSTRAINT consent_event_check,
    DROP CONSTRAINT consent_event_check1,
    DROP CONSTRAINT consent_event_check2,
    DROP CONSTRAINT consent_event_decision_check,
    DROP CONSTRAINT consent_event_effect_check,
    DROP CONSTRAINT consent_event_method_check,
    DROP CONSTRAINT consent_event_scope_check,
    ADD CONSTRAINT consent_event_sound CHECK (consent_event_sound(
        decision, scope, item_id, study_id, category, effect, pause_until, actor_role, method)) NOT VALID;

-- The resident behind a login who may come in with this key, or none: not to be let in, or not at once.
-- `events`: what this key has been answered with before. The key's lock comes first, then what it holds off.
CREATE OR REPLACE FUNCTION enter_at_once(
    p_issuer text, p_subject_hmac bytea, p_issued_at timestamptz, p_route text, p_key text, p_fingerprint bytea,
    OUT resident_id uuid, OUT events bigint[])
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
        SELECT p.events, (r.signed_out_at IS NULL OR r.signed_out_at < p_issued_at)
               AND (p.actor_id IS NULL OR (p.fingerprint = p_fingerprint AND p.events IS NOT NULL))
          INTO events, admitted
          FROM resident r
          LEFT JOIN reply p ON p.actor_id = r.resident_id AND p.route = p_route AND p.key = p_key
         WHERE r.resident_id = enter_at_once.resident_id;
    END IF;
    IF admitted IS NOT TRUE THEN
        resident_id := NULL;
    END IF;
END $$;

-- `enter`, in a statement of its own.
CREATE OR REPLACE FUNCTION enter_alone(
    p_issuer text, p_subject_hmac bytea, OUT resident_id uuid, OUT language text, OUT zone text, OUT refused_until timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
    said text := set_config('app.subject', encode(p_subject_hmac, 'hex'), true);
BEGIN
    SELECT i.resident_id, i.erased_at INTO resident_id, refused_until FROM identity i
     WHERE i.subject_hmac = p_subject_hmac AND i.issuer = p_issuer;
    IF resident_id IS NOT NULL THEN
        said := set_config('app.resident', resident_id::text, true);
        SELECT r.language, r.zone, r.signed_out_at INTO language, zone, refused_until
          FROM resident r WHERE r.resident_id = enter_alone.resident_id;
    END IF;
END $$;

-- The columns of an event in their order, as the table has them.
CREATE OR REPLACE FUNCTION consent_answer(
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

    event := ROW(
        p_resident, head.seq + 1, p_decision, 'item', p_item, item.study_id, NULL, item.notice_id, p_version, p_language,
        p_categories, item.use,
        CASE WHEN p_decision = 'permit' THEN p_past END, CASE WHEN p_decision = 'permit' THEN p_future END,
        CASE WHEN p_decision = 'permit' THEN p_valid_until END, NULL, NULL, p_seen, false, p_actor, p_role, NULL, p_method,
        p_claimed_at, at, head.hash, NULL)::consent_event;
    IF p_decision = 'permit' AND p_seen < head.seq THEN
        event.blind := EXISTS (
            SELECT FROM consent_event e
             WHERE e.resident_id = p_resident AND e.seq > p_seen
               AND CASE e.scope WHEN 'item' THEN e.item_id = p_item
                                WHEN 'study' THEN e.study_id = item.study_id
                                WHEN 'category' THEN e.category = ANY (p_categories)
                                ELSE true END);
    END IF;
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
    event := ROW(
        p_resident, head.seq + 1, p_decision, p_scope, p_item, p_study, p_category, NULL, NULL, NULL,
        '{}', NULL, NULL, NULL, NULL, p_effect, p_pause_until, p_seen, false,
        p_actor, p_role, NULL, p_method, p_claimed_at, at, head.hash, NULL)::consent_event;
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

CREATE OR REPLACE FUNCTION answer_at_once(
    p_issuer text, p_subject_hmac bytea, p_issued_at timestamptz, p_route text, p_key text, p_fingerprint bytea,
    p_answers jsonb, p_sensitive text[])
RETURNS TABLE (event consent_event, again boolean) LANGUAGE plpgsql AS $$
DECLARE
    who record;
    one record;
    found record;
    seqs bigint[] := '{}';
BEGIN
    who := enter_at_once(p_issuer, p_subject_hmac, p_issued_at, p_route, p_key, p_fingerprint);
    IF who.events IS NOT NULL THEN
        RETURN QUERY SELECT c, true FROM consent_event c
                      WHERE c.resident_id = who.resident_id AND c.seq = ANY (who.events) ORDER BY c.seq;
    ELSIF who.resident_id IS NOT NULL THEN
        again := false;
        FOR one IN SELECT * FROM jsonb_to_recordset(p_answers) AS a (
            item_id uuid, notice_version integer, language text, decision text, categories text[], past boolean,
            future boolean, valid_until timestamptz, seen_seq bigint, method text, claimed_at timestamptz)
        LOOP
            found := consent_answer(
                who.resident_id, one.item_id, one.notice_version, one.language, one.decision, one.categories,
                one.past, one.future, one.valid_until, one.seen_seq, who.resident_id, 'resident', one.method,
                one.claimed_at, p_sensitive);
            IF found.outcome <> 'recorded' THEN
                RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
            END IF;
            event := found.event;
            seqs := seqs || event.seq;
            RETURN NEXT;
        END LOOP;
        INSERT INTO reply (actor_id, route, key, fingerprint, status, content_type, events)
        VALUES (who.resident_id, p_route, p_key, p_fingerprint, 201, 'application/json', seqs);
    END IF;
END $$;
