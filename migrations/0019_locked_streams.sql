-- A stream that another upload makes between the lock and the look was returned without a lock, and
-- two first uploads could store the same samples. What is returned is locked now, all of it.

CREATE OR REPLACE FUNCTION donation_open(
    p_resident uuid, p_source text, p_measures text[], p_categories text[], p_most_uploads integer
) RETURNS TABLE (
    categories text[], periods tstzmultirange[], live boolean[],
    scopes text[], versions integer[], keks text[], wrapped bytea[],
    stream_ids uuid[], measures text[], heads bigint[], seqs bigint[], wait integer, locked boolean
) LANGUAGE plpgsql AS $$
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
