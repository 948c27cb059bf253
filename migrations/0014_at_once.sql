-- What residents write most, as one statement: one round trip, and a transaction by itself. Each of
-- these does all of it, or returns nothing and has done nothing; then the request goes the long way,
-- in a transaction of its own, which also says why it is refused (SQLSTATE MV001 undoes what was begun).

-- An answer that tells of consent events is kept as their seq: they never change, and it is made anew.
ALTER TABLE reply ADD COLUMN events bigint[];
-- squawk-ignore ban-drop-not-null -- whoever reads it is told by `events` (reply_kept)
ALTER TABLE reply ALTER COLUMN body DROP NOT NULL;
ALTER TABLE reply ADD CONSTRAINT reply_kept CHECK ((body IS NULL) = (events IS NOT NULL)) NOT VALID;

-- `enter` and `claim`, and what api/idempotency.py and `Door.admit` would say of them. No row: not to
-- be let in, or not at once. `events`: what this key has been answered with before.
CREATE FUNCTION enter_at_once(
    p_issuer text, p_subject_hmac bytea, p_issued_at timestamptz, p_route text, p_key text, p_fingerprint bytea)
RETURNS TABLE (resident_id uuid, events bigint[]) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    door record;
BEGIN
    PERFORM set_config('app.subject', encode(p_subject_hmac, 'hex'), true);
    SELECT e.* INTO door FROM enter(p_issuer, p_subject_hmac, p_route, p_key) e;
    IF door.language IS NULL OR door.refused_until >= p_issued_at OR NOT door.turn THEN
        RETURN;
    ELSIF door.status IS NOT NULL THEN
        SELECT r.events INTO events FROM reply r
         WHERE r.actor_id = door.resident_id AND r.route = p_route AND r.key = p_key
           AND r.fingerprint = p_fingerprint AND r.events IS NOT NULL;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    resident_id := door.resident_id;
    RETURN NEXT;
END $$;

CREATE PROCEDURE keep_events(p_actor uuid, p_route text, p_key text, p_fingerprint bytea, p_status integer, p_events bigint[])
LANGUAGE sql AS $$
    INSERT INTO reply (actor_id, route, key, fingerprint, status, content_type, events)
    VALUES (p_actor, p_route, p_key, p_fingerprint, p_status::smallint, 'application/json', p_events)
$$;

CREATE FUNCTION answer_at_once(
    p_issuer text, p_subject_hmac bytea, p_issued_at timestamptz, p_route text, p_key text, p_fingerprint bytea,
    p_answers jsonb, p_sensitive text[])
RETURNS TABLE (event consent_event, again boolean) LANGUAGE plpgsql AS $$
DECLARE
    who record;
    one record;
    seqs bigint[] := '{}';
BEGIN
    SELECT e.* INTO who FROM enter_at_once(p_issuer, p_subject_hmac, p_issued_at, p_route, p_key, p_fingerprint) e;
    IF who.events IS NOT NULL THEN
        RETURN QUERY SELECT c, true FROM consent_event c
                      WHERE c.resident_id = who.resident_id AND c.seq = ANY (who.events) ORDER BY c.seq;
    ELSIF who.resident_id IS NOT NULL THEN
        FOR one IN SELECT a.* FROM consent_answers(
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
        CALL keep_events(who.resident_id, p_route, p_key, p_fingerprint, 201, seqs);
    END IF;
END $$;

-- A withdrawal of who takes part in nothing, has donated nothing, and for whom no knock waits.
CREATE FUNCTION withdraw_at_once(
    p_issuer text, p_subject_hmac bytea, p_issued_at timestamptz, p_route text, p_key text, p_fingerprint bytea,
    p_scope text, p_item uuid, p_study uuid, p_category text, p_effect text, p_claimed_at timestamptz)
RETURNS TABLE (event consent_event, drained_at timestamptz, again boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    who record;
    done record;
BEGIN
    SELECT e.* INTO who FROM enter_at_once(p_issuer, p_subject_hmac, p_issued_at, p_route, p_key, p_fingerprint) e;
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
        CALL keep_events(who.resident_id, p_route, p_key, p_fingerprint,
                         CASE WHEN drained_at IS NULL THEN 202 ELSE 200 END, ARRAY[event.seq]);
        RETURN NEXT;
    END IF;
END $$;

-- What an upload has to know, as it stands now, without a lock. `event_seq` and `blocks` are what it
-- hangs on: while they are the same, so is what may be collected, but for what no resident's lock holds
-- off (a study's state, a stop switch).
CREATE FUNCTION donation_look(
    p_resident uuid, p_source text, p_measures text[], p_categories text[], p_most_uploads integer)
RETURNS TABLE (
    categories text[], periods tstzmultirange[], live boolean[],
    scopes text[], versions integer[], keks text[], wrapped bytea[],
    stream_ids uuid[], measures text[], heads bigint[], seqs bigint[], wait integer,
    event_seq bigint, blocks uuid[])
LANGUAGE plpgsql AS $$
BEGIN
    SELECT h.seq INTO event_seq FROM consent_head h WHERE h.resident_id = p_resident;
    SELECT array_agg(b.block_id ORDER BY b.block_id) INTO blocks
      FROM block b WHERE b.resident_id = p_resident AND b.lifted_at IS NULL;
    SELECT array_agg(c.category), array_agg(c.data_period), array_agg(c.live) INTO categories, periods, live
      FROM collectable c WHERE c.resident_id = p_resident AND c.category = ANY (p_categories);
    SELECT array_agg(k.scope), array_agg(k.version), array_agg(k.kek), array_agg(k.wrapped)
      INTO scopes, versions, keks, wrapped
      FROM data_key k WHERE k.resident_id = p_resident AND k.scope = ANY (p_categories);
    SELECT array_agg(t.stream_id), array_agg(t.measure), array_agg(t.head_ms), array_agg(t.seq),
           max(CASE WHEN t.recent_uploads >= p_most_uploads AND t.recent_since > clock_timestamp() - interval '1 minute'
                    THEN ceil(60 - extract(epoch FROM clock_timestamp() - t.recent_since))::integer END)
      INTO stream_ids, measures, heads, seqs, wait
      FROM stream t
     WHERE t.resident_id = p_resident AND t.source = p_source AND t.measure = ANY (p_measures);
    RETURN NEXT;
END $$;

CREATE OR REPLACE FUNCTION donation_open(
    p_resident uuid, p_source text, p_measures text[], p_categories text[], p_most_uploads integer)
RETURNS TABLE (
    categories text[], periods tstzmultirange[], live boolean[],
    scopes text[], versions integer[], keks text[], wrapped bytea[],
    stream_ids uuid[], measures text[], heads bigint[], seqs bigint[], wait integer, locked boolean)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(uuid_hash_extended(l.resident_id, 0))
       FROM resident_lock l WHERE l.resident_id = p_resident;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM FROM stream t
      WHERE t.resident_id = p_resident AND t.source = p_source AND t.measure = ANY (p_measures)
      ORDER BY t.measure
        FOR UPDATE;
    SELECT k.categories, k.periods, k.live, k.scopes, k.versions, k.keks, k.wrapped,
           k.stream_ids, k.measures, k.heads, k.seqs, k.wait, true
      INTO categories, periods, live, scopes, versions, keks, wrapped,
           stream_ids, measures, heads, seqs, wait, locked
      FROM donation_look(p_resident, p_source, p_measures, p_categories, p_most_uploads) k;
    RETURN NEXT;
END $$;

-- Segments judged by `donation_look`, each newer than all of its stream (p_streams by their measures'
-- names), if behind the resident's lock all that they were judged by is as it was.
CREATE PROCEDURE donation_append_at_once(
    p_resident uuid, p_event_seq bigint, p_blocks uuid[], p_key text, p_streams uuid[], p_seqs bigint[],
    p_segments uuid[], p_categories text[], p_versions integer[], p_firsts bigint[], p_lasts bigint[],
    p_samples integer[], p_bodies bytea[])
LANGUAGE plpgsql AS $$
DECLARE
    as_it_was boolean;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(uuid_hash_extended(l.resident_id, 0))
       FROM resident_lock l WHERE l.resident_id = p_resident;
    as_it_was := FOUND
        AND EXISTS (SELECT FROM consent_head h WHERE h.resident_id = p_resident AND h.seq = p_event_seq)
        AND coalesce(p_blocks, '{}') = ARRAY(
            SELECT b.block_id FROM block b
             WHERE b.resident_id = p_resident AND b.lifted_at IS NULL ORDER BY b.block_id);
    FOR i IN 1 .. cardinality(p_streams) LOOP
        EXIT WHEN NOT as_it_was;
        UPDATE stream s
           SET seq = s.seq + 1,
               loose = s.loose + 1,
               head_ms = p_lasts[i],
               samples = s.samples + p_samples[i],
               last_upload_at = statement_timestamp(),
               last_upload_key = p_key,
               recent_since = CASE WHEN s.recent_since < statement_timestamp() - interval '1 minute'
                                   THEN statement_timestamp() ELSE s.recent_since END,
               recent_uploads = CASE WHEN s.recent_since < statement_timestamp() - interval '1 minute'
                                     THEN 1 ELSE s.recent_uploads + 1 END
         WHERE s.resident_id = p_resident AND s.stream_id = p_streams[i] AND s.seq = p_seqs[i];
        as_it_was := FOUND;
        INSERT INTO segment (resident_id, stream_id, segment_id, category, key_version, first_ms, last_ms, samples, body, seq)
        SELECT p_resident, p_streams[i], p_segments[i], p_categories[i], p_versions[i], p_firsts[i], p_lasts[i],
               p_samples[i], p_bodies[i], p_seqs[i] + 1
          FROM data_key k
         WHERE k.resident_id = p_resident AND k.scope = p_categories[i] AND k.version = p_versions[i];
        as_it_was := as_it_was AND FOUND;
    END LOOP;
    IF NOT as_it_was THEN
        RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
    END IF;
END $$;
