-- Donated series as sealed columns, their keys, and what remains of destroyed keys.

CREATE TABLE stream (
    resident_id    uuid NOT NULL,
    stream_id      uuid NOT NULL,
    measure        text NOT NULL,
    category       text NOT NULL,
    source         text NOT NULL,
    head_ms        bigint NOT NULL,
    samples        bigint NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    last_upload_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (resident_id, stream_id),
    UNIQUE (resident_id, measure, source)
);
COMMENT ON TABLE stream IS 'class: resident';
COMMENT ON COLUMN stream.head_ms IS 'the start of the newest sample; what is newer is appended without reading';

CREATE TABLE segment (
    resident_id        uuid NOT NULL,
    stream_id          uuid NOT NULL,
    first_ms           bigint NOT NULL,
    segment_id         uuid NOT NULL,
    last_ms            bigint NOT NULL,
    category           text NOT NULL,
    samples            integer NOT NULL CHECK (samples > 0),
    key_version        integer NOT NULL,
    body               bytea NOT NULL,
    PRIMARY KEY (resident_id, stream_id, first_ms, segment_id),
    CHECK (first_ms <= last_ms)
);
ALTER TABLE segment ALTER COLUMN body SET STORAGE EXTERNAL;
COMMENT ON TABLE segment IS 'class: resident';
COMMENT ON COLUMN segment.body IS 'packed columns under AES-256-GCM; resident, stream, segment and key version are authenticated';
COMMENT ON COLUMN segment.last_ms IS 'the start of the last sample in it';

CREATE TABLE data_key (
    resident_id uuid NOT NULL,
    scope       text NOT NULL,
    version     integer NOT NULL,
    kek         text NOT NULL,
    wrapped     bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (resident_id, scope, version)
);
COMMENT ON TABLE data_key IS 'class: resident';
COMMENT ON COLUMN data_key.scope IS 'a data category; destroying the row makes every copy of its segments unreadable';

-- Replayed after any restore, so that what was destroyed stays destroyed.
CREATE TABLE erasure (
    resident_id uuid NOT NULL,
    erasure_id  uuid NOT NULL DEFAULT uuidv7(),
    scope       text NOT NULL,
    erased_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (resident_id, erasure_id)
);
CREATE INDEX erasure_erased_at ON erasure (erased_at);
COMMENT ON TABLE erasure IS 'class: resident';

ALTER TABLE stream ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE segment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE data_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE erasure ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON stream TO medverka_api USING (resident_id = app_resident());
CREATE POLICY own ON segment TO medverka_api USING (resident_id = app_resident());
CREATE POLICY own ON data_key TO medverka_api USING (resident_id = app_resident());
CREATE POLICY own ON erasure TO medverka_api USING (resident_id = app_resident());
-- The second wall: a study sees rows only where it holds a grant in force. The gate is stricter still.
CREATE POLICY study ON stream FOR SELECT TO medverka_api USING (
    app_study() IS NOT NULL AND EXISTS (
        SELECT FROM consent_grant g
         WHERE g.resident_id = stream.resident_id AND g.study_id = app_study() AND g.category = stream.category
           AND NOT isempty(g.data_period) AND NOT g.pauses @> statement_timestamp()
           AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp())));
CREATE POLICY study ON segment FOR SELECT TO medverka_api USING (
    app_study() IS NOT NULL AND EXISTS (
        SELECT FROM consent_grant g
         WHERE g.resident_id = segment.resident_id AND g.study_id = app_study() AND g.category = segment.category
           AND NOT isempty(g.data_period) AND NOT g.pauses @> statement_timestamp()
           AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp())));
CREATE POLICY study ON data_key FOR SELECT TO medverka_api USING (
    app_study() IS NOT NULL AND EXISTS (
        SELECT FROM consent_grant g
         WHERE g.resident_id = data_key.resident_id AND g.study_id = app_study() AND g.category = data_key.scope
           AND NOT isempty(g.data_period) AND NOT g.pauses @> statement_timestamp()
           AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp())));
CREATE POLICY job ON stream TO medverka_worker USING (app_job() IS NOT NULL);
CREATE POLICY job ON segment TO medverka_worker USING (app_job() IS NOT NULL);
CREATE POLICY job ON data_key TO medverka_worker USING (app_job() IS NOT NULL);
CREATE POLICY job ON erasure TO medverka_worker USING (app_job() IS NOT NULL);

GRANT SELECT, INSERT, UPDATE, DELETE ON stream, segment, data_key TO medverka_api, medverka_worker;
GRANT SELECT, INSERT ON erasure TO medverka_api, medverka_worker;
