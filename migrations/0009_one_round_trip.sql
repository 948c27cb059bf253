-- What residents write most, in one round trip each. Every statement in a function has a fresh
-- snapshot, so lock-then-read holds.

-- An answer under its Idempotency-Key, on the way to COMMIT. Taken already: the primary key refuses.
CREATE PROCEDURE keep_reply(
    p_actor uuid, p_route text, p_key text, p_fingerprint bytea, p_status integer, p_content_type text, p_body bytea)
LANGUAGE sql AS $$
    INSERT INTO reply (actor_id, route, key, fingerprint, status, content_type, body)
    VALUES (p_actor, p_route, p_key, p_fingerprint, p_status::smallint, p_content_type, p_body)
$$;

-- Answers to items, in their order, up to the first that is not recorded. Permitting an item of several
-- categories gives the sensitive ones among them only by name.
CREATE FUNCTION consent_answers(p_resident uuid, p_actor uuid, p_role text, p_answers jsonb, p_sensitive text[])
RETURNS TABLE (outcome text, current_version integer, event consent_event) LANGUAGE plpgsql AS $$
DECLARE
    one record;
    found record;
    wanted text[];
BEGIN
    FOR one IN SELECT * FROM jsonb_to_recordset(p_answers) AS a (
        item_id uuid, notice_version integer, language text, decision text, categories text[], past boolean,
        future boolean, valid_until timestamptz, seen_seq bigint, method text, claimed_at timestamptz)
    LOOP
        wanted := one.categories;
        IF wanted IS NULL AND one.decision = 'permit' THEN
            SELECT ARRAY(SELECT c FROM unnest(i.categories) c WHERE c <> ALL (p_sensitive)) INTO wanted
              FROM consent_item i
             WHERE i.item_id = one.item_id AND i.version = one.notice_version
               AND cardinality(i.categories) > 1 AND i.categories && p_sensitive;
        END IF;
        IF cardinality(wanted) = 0 THEN
            outcome := 'unnamed';
            RETURN NEXT; RETURN;
        END IF;
        SELECT a.* INTO found FROM consent_answer(
            p_resident, one.item_id, one.notice_version, one.language, one.decision, wanted,
            one.past, one.future, one.valid_until, one.seen_seq, p_actor, p_role, one.method, one.claimed_at) a;
        outcome := found.outcome;
        current_version := found.current_version;
        event := found.event;
        RETURN NEXT;
        EXIT WHEN outcome <> 'recorded';
    END LOOP;
END $$;

-- A withdrawal up to what few residents have: uses drained, the event written, its progress kept.
-- No row: there is no such resident to lock. The last three say what is left to end.
CREATE FUNCTION consent_withdraw(
    p_resident uuid, p_actor uuid, p_scope text, p_item uuid, p_study uuid, p_category text, p_effect text,
    p_claimed_at timestamptz)
RETURNS TABLE (event consent_event, drained_at timestamptz, taking_part boolean, donated boolean, knocks boolean)
LANGUAGE plpgsql AS $$
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
    donated := EXISTS (SELECT FROM stream s WHERE s.resident_id = p_resident);
    knocks := EXISTS (SELECT FROM outbox o
                       WHERE o.bucket = get_byte(uuid_send(p_resident), 15) & 63  -- domain/db.py: bucket_of
                         AND o.resident_id = p_resident AND o.state = 'waiting');
    RETURN NEXT;
END $$;

-- `enter` for a request that is one statement, and so a transaction by itself. What depends on it has
-- to come by a LATERAL function that is volatile: it runs once the resident is set.
CREATE FUNCTION enter_alone(p_issuer text, p_subject_hmac bytea)
RETURNS TABLE (resident_id uuid, language text, zone text, refused_until timestamptz) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.subject', encode(p_subject_hmac, 'hex'), true);
    SELECT e.resident_id, e.language, e.zone, e.refused_until INTO resident_id, language, zone, refused_until
      FROM enter(p_issuer, p_subject_hmac, NULL, NULL) e;
    RETURN NEXT;
END $$;

-- Where a resident's consents stand at this moment; one row without a choice where there is none.
CREATE FUNCTION consents_standing(p_resident uuid)
RETURNS TABLE (seq bigint, item_id uuid, category text, study_id uuid, use text, notice_version integer,
               event_seq bigint, since timestamptz, valid_until timestamptz, status text,
               paused_until timestamptz, collects boolean)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT h.seq, g.item_id, g.category, g.study_id, g.use, g.notice_version, g.event_seq, g.since, g.valid_until,
               CASE WHEN g.valid_until <= statement_timestamp()
                     AND g.status IN ('ConsentGiven', 'RenewedConsentGiven')
                    THEN 'ConsentExpired' ELSE g.status END,
               CASE WHEN g.pauses @> statement_timestamp() THEN upper(g.pauses) END,
               (g.data_period - g.pauses) @> statement_timestamp()
          FROM consent_head h
          LEFT JOIN consent_grant g ON g.resident_id = h.resident_id
         WHERE h.resident_id = p_resident
         ORDER BY g.item_id, g.category;
END $$;

-- What an upload has to know before it can be judged, sealed and stored, behind the resident's lock:
-- what may be collected when, the data keys, the source's streams (locked, each measure in its order),
-- the seconds to wait where too many uploads came of late. No row: there is no such resident to lock.
CREATE FUNCTION donation_open(
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
    SELECT array_agg(c.category), array_agg(c.data_period), array_agg(c.live) INTO categories, periods, live
      FROM collectable c WHERE c.resident_id = p_resident AND c.category = ANY (p_categories);
    SELECT array_agg(k.scope), array_agg(k.version), array_agg(k.kek), array_agg(k.wrapped)
      INTO scopes, versions, keks, wrapped
      FROM data_key k WHERE k.resident_id = p_resident AND k.scope = ANY (p_categories);
    SELECT array_agg(s.stream_id), array_agg(s.measure), array_agg(s.head_ms), array_agg(s.seq), max(s.wait)
      INTO stream_ids, measures, heads, seqs, wait
      FROM (SELECT t.stream_id, t.measure, t.head_ms, t.seq,
                   CASE WHEN t.recent_uploads >= p_most_uploads AND t.recent_since > clock_timestamp() - interval '1 minute'
                        THEN ceil(60 - extract(epoch FROM clock_timestamp() - t.recent_since))::integer END AS wait
              FROM stream t
             WHERE t.resident_id = p_resident AND t.source = p_source AND t.measure = ANY (p_measures)
             ORDER BY t.measure
               FOR UPDATE) s;
    locked := true;
    RETURN NEXT;
END $$;

-- The segments of an upload, and what its streams (locked) say of it; or, not uploaded, what a deletion
-- of samples has left of segments.
CREATE PROCEDURE donation_append(
    p_resident uuid, p_uploaded boolean, p_key text, p_streams uuid[], p_stream_ids uuid[], p_segment_ids uuid[], p_categories text[],
    p_versions integer[], p_firsts bigint[], p_lasts bigint[], p_samples integer[], p_bodies bytea[])
LANGUAGE plpgsql AS $$
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
