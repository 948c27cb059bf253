-- The segments of a page of a resident's own samples, in the order of streams and of their beginning: what `domain/donations/own_reads.py`
-- asked before. As a function it is asked in the same statement as who is at the door, and is part of its plan.
-- Of the stream `p_after` those from `p_after_ms` on and those that reach over it, of others from `p_since_ms` on; the
-- `earliest` are so long before that none reaches further. NULL and no measures: of all.
CREATE FUNCTION own_page(
    p_resident uuid, p_stream uuid, p_measures text[], p_app text, p_device text,
    p_after uuid, p_after_earliest_ms bigint, p_after_ms bigint, p_earliest_ms bigint, p_since_ms bigint,
    p_until_ms bigint, p_samples integer, p_segments integer)
RETURNS TABLE (
    stream_id uuid, measure text, category text, source text, since bigint, segment_id uuid, key_version integer, body bytea,
    next_stream uuid, next_ms bigint, dead bigint[], kek text, wrapped bytea)
LANGUAGE sql STABLE AS $$
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
