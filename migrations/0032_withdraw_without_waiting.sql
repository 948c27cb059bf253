-- squawk-ignore-file ban-drop-function -- it comes again in this transaction, with what its caller hands it
-- A withdrawal that need not wait for uses under way does not prepare for waiting. It is tried first
-- without waiting, in a turn: who waits must not keep others from theirs.
CREATE OR REPLACE FUNCTION resident_drain(p_resident uuid) RETURNS boolean LANGUAGE plpgsql AS $$
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

-- No row: not at once. No event: only by waiting, which `p_wait` allows.
DROP FUNCTION withdraw_at_once(
    text, bytea, timestamptz, text, text, bytea, text, uuid, uuid, text, text, timestamptz);
CREATE FUNCTION withdraw_at_once(
    p_issuer text, p_subject_hmac bytea, p_issued_at timestamptz, p_route text, p_key text, p_fingerprint bytea,
    p_scope text, p_item uuid, p_study uuid, p_category text, p_effect text, p_claimed_at timestamptz, p_wait boolean)
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
