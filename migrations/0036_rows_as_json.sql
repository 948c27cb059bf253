-- squawk-ignore-file ban-drop-function -- it comes again in this transaction, with what its caller hands it
-- Who shares a statement brings along one object of JSON: so do the segments of an upload. Eleven arrays that
-- stood for a table cost more than the statement's work.

-- `p_additions`: the segments, one of each stream, with `measure`; a stream that is to be made has a `seq` of -1.
-- Data keys that are to be made stand in `p_keys`, wrapped and in base64. The segments' bodies stand in `p_bodies`,
-- each at its `place` from 1 on.
DROP FUNCTION donation_append_at_once(
    uuid, bigint, uuid[], text, text, bytea, bytea, text, jsonb, uuid[], text[], bigint[], uuid[], text[], integer[],
    bigint[], bigint[], integer[], integer[], integer[], bytea);
CREATE FUNCTION donation_append_at_once(
    p_resident uuid, p_event_seq bigint, p_blocks uuid[],
    p_route text, p_key text, p_fingerprint bytea, p_answer bytea,
    p_source text, p_keys jsonb, p_additions jsonb, p_bodies bytea)
RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '50ms' AS $$
DECLARE
    acting constant text := set_config('app.resident', p_resident::text, true);
    stored integer;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(uuid_hash_extended(l.resident_id, 0))
       FROM resident_lock l WHERE l.resident_id = p_resident;
    IF FOUND THEN
        IF p_keys <> '[]' THEN
            INSERT INTO data_key (resident_id, scope, version, kek, wrapped)
            SELECT p_resident, made.scope, made.version, made.kek, decode(made.wrapped, 'base64')
              FROM jsonb_to_recordset(p_keys) AS made (scope text, version integer, kek text, wrapped text);
        END IF;
        IF p_additions @> '[{"seq": -1}]' THEN
            INSERT INTO stream (resident_id, stream_id, measure, category, source, head_ms, samples)
            SELECT p_resident, made.stream_id, made.measure, made.category, p_source, 0, 0
              FROM jsonb_to_recordset(p_additions) AS made (stream_id uuid, measure text, category text, seq bigint)
             WHERE made.seq = -1;
        END IF;
        WITH moved AS (
            UPDATE stream s
               SET seq = s.seq + 1,
                   loose = s.loose + 1,
                   head_ms = g.last_ms,
                   samples = s.samples + g.samples,
                   last_upload_at = statement_timestamp(),
                   last_upload_key = p_key,
                   recent_since = CASE WHEN s.recent_since < statement_timestamp() - interval '1 minute'
                                       THEN statement_timestamp() ELSE s.recent_since END,
                   recent_uploads = CASE WHEN s.recent_since < statement_timestamp() - interval '1 minute'
                                         THEN 1 ELSE s.recent_uploads + 1 END
              FROM jsonb_to_recordset(p_additions) AS g (
                   stream_id uuid, seq bigint, segment_id uuid, category text, version integer,
                   first_ms bigint, last_ms bigint, samples integer, place integer, size integer)
             WHERE s.resident_id = p_resident AND s.stream_id = g.stream_id AND s.seq = greatest(g.seq, 0)
               AND EXISTS (SELECT FROM consent_head h WHERE h.resident_id = p_resident AND h.seq = p_event_seq)
               AND p_blocks = ARRAY(SELECT b.block_id FROM block b
                                     WHERE b.resident_id = p_resident AND b.lifted_at IS NULL ORDER BY b.block_id)
            RETURNING s.stream_id, s.seq, g.segment_id, g.category, g.version, g.first_ms, g.last_ms,
                      g.samples, g.place, g.size),
        said AS (
            INSERT INTO reply (actor_id, route, key, fingerprint, status, content_type, body)
            VALUES (p_resident, p_route, p_key, p_fingerprint, 200, 'application/json', p_answer))
        INSERT INTO segment (resident_id, stream_id, segment_id, category, key_version, first_ms, last_ms, samples, body, seq)
        SELECT p_resident, m.stream_id, m.segment_id, m.category, m.version, m.first_ms, m.last_ms,
               m.samples, substring(p_bodies FROM m.place FOR m.size), m.seq
          FROM moved m
          JOIN data_key k ON k.resident_id = p_resident AND k.scope = m.category AND k.version = m.version;
        GET DIAGNOSTICS stored = ROW_COUNT;
    END IF;
    IF stored IS DISTINCT FROM jsonb_array_length(p_additions) THEN
        RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = 'not at once';
    END IF;
    RETURN true;
END $$;
