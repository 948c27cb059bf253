-- Deletions and corrections by the samples' own ids, what a phone needs to sync, and what compaction goes by.

ALTER TABLE stream
    ADD COLUMN seq             bigint NOT NULL DEFAULT 0,
    ADD COLUMN loose           integer NOT NULL DEFAULT 1,
    ADD COLUMN compacted_ms    bigint NOT NULL DEFAULT 0,
    ADD COLUMN last_upload_key text,
    ADD COLUMN recent_since    timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN recent_uploads  integer NOT NULL DEFAULT 0;
ALTER TABLE stream ALTER COLUMN loose SET DEFAULT 0;
-- Each upload changes its stream's row, in its page where there is room.
ALTER TABLE stream SET (fillfactor = 80);
COMMENT ON COLUMN stream.seq IS 'the number of the last upload that changed the stream, counted under the lock of its row';
COMMENT ON COLUMN stream.loose IS 'segments stored since compaction last came by, and those that were too young for it';
COMMENT ON COLUMN stream.compacted_ms IS 'where closed time ended when compaction last came by';
COMMENT ON COLUMN stream.last_upload_key IS 'the Idempotency-Key of the last upload that was accepted: a phone set up anew reads it';
COMMENT ON COLUMN stream.recent_since IS 'the beginning of the time in which recent_uploads are counted';

ALTER TABLE segment ADD COLUMN seq bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN segment.seq IS 'the upload that it came with; after compaction, the last one whose deletions were applied to it';

-- Samples that are gone by id: in every segment of their stream with a lower seq, until settled.
CREATE TABLE sample_deletion (
    resident_id uuid NOT NULL,
    stream_id   uuid NOT NULL,
    seq         bigint NOT NULL,
    deleted     boolean NOT NULL,
    category    text NOT NULL,
    sample_ids  bigint[] NOT NULL CHECK (cardinality(sample_ids) > 0),
    noted_at    timestamptz NOT NULL DEFAULT now(),
    settled_at  timestamptz,
    PRIMARY KEY (resident_id, stream_id, seq, deleted)
);
COMMENT ON TABLE sample_deletion IS 'class: resident';
COMMENT ON COLUMN sample_deletion.seq IS 'the upload that deleted or replaced them';
COMMENT ON COLUMN sample_deletion.deleted IS 'false where that upload replaced them';
COMMENT ON COLUMN sample_deletion.sample_ids IS 'fingerprints of the ids that the samples have where they come from';
COMMENT ON COLUMN sample_deletion.settled_at IS 'since then no segment holds any of them; kept against late arrivals';

-- What is to be left out of a segment of this seq.
CREATE FUNCTION deleted_ids(p_resident uuid, p_stream uuid, p_seq bigint) RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY(SELECT unnest(d.sample_ids) FROM sample_deletion d
                  WHERE d.resident_id = p_resident AND d.stream_id = p_stream AND d.seq > p_seq
                    AND d.settled_at IS NULL)
$$;

-- How far compaction has walked. Whoever takes the next streams moves it on.
CREATE TABLE compaction (
    bucket          smallint NOT NULL PRIMARY KEY,
    after_resident  uuid NOT NULL,
    after_stream    uuid NOT NULL,
    begun_at        timestamptz NOT NULL,
    resting         boolean NOT NULL
);
COMMENT ON TABLE compaction IS 'class: queue';
COMMENT ON COLUMN compaction.resting IS 'the walk is over; the next one begins an hour after this one did';
INSERT INTO compaction VALUES
    (0, '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', '-infinity', true);

ALTER TABLE sample_deletion ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON sample_deletion TO medverka_api USING (resident_id = app_resident());
CREATE POLICY study ON sample_deletion FOR SELECT TO medverka_api USING (
    app_study() IS NOT NULL AND EXISTS (
        SELECT FROM consent_grant g
         WHERE g.resident_id = sample_deletion.resident_id AND g.study_id = app_study()
           AND g.category = sample_deletion.category
           AND NOT isempty(g.data_period) AND NOT g.pauses @> statement_timestamp()
           AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp())));
CREATE POLICY job ON sample_deletion TO medverka_worker USING (app_job() IS NOT NULL);

GRANT SELECT, INSERT, UPDATE, DELETE ON sample_deletion TO medverka_api, medverka_worker;
GRANT SELECT, UPDATE ON compaction TO medverka_worker;
