-- Who used what, and what residents are told.

CREATE TABLE access (
    resident_id  uuid NOT NULL,
    access_id    uuid NOT NULL DEFAULT uuidv7(),
    used_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    study_id     uuid,
    member_id    uuid,
    purpose      text NOT NULL,
    categories   text[] NOT NULL,
    data_from    timestamptz,
    data_until   timestamptz,
    samples      bigint NOT NULL,
    grant_seqs   bigint[] NOT NULL,
    visible_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (resident_id, access_id)
);
COMMENT ON TABLE access IS 'class: resident; append-only';
CREATE TRIGGER append_only BEFORE UPDATE ON access FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE message (
    resident_id uuid NOT NULL,
    message_id  uuid NOT NULL,
    kind        text NOT NULL,
    about       uuid,
    study_id    uuid,
    created_at  timestamptz NOT NULL DEFAULT now(),
    read_at     timestamptz,
    archived_at timestamptz,
    PRIMARY KEY (resident_id, message_id)
);
COMMENT ON TABLE message IS 'class: resident';

CREATE TABLE outbox (
    bucket       smallint NOT NULL,
    message_id   uuid NOT NULL,
    resident_id  uuid NOT NULL,
    kind         text NOT NULL,
    study_id     uuid,
    not_before   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'cancelled', 'expired', 'dead')),
    leased_until timestamptz,
    attempts     smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (bucket, message_id)
);
CREATE INDEX outbox_waiting ON outbox (bucket, not_before) WHERE state = 'waiting';
CREATE INDEX outbox_resident ON outbox (bucket, resident_id) WHERE state = 'waiting';
COMMENT ON TABLE outbox IS 'class: queue';

CREATE TABLE job (
    bucket       smallint NOT NULL,
    job_id       uuid NOT NULL DEFAULT uuidv7(),
    kind         text NOT NULL,
    resident_id  uuid NOT NULL,
    about        bigint,
    due_at       timestamptz NOT NULL DEFAULT now(),
    leased_until timestamptz,
    attempts     smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (bucket, job_id)
);
CREATE INDEX job_due ON job (bucket, due_at);
CREATE INDEX job_resident ON job (bucket, resident_id);
COMMENT ON TABLE job IS 'class: queue';

ALTER TABLE access ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE message ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE job ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON access FOR SELECT TO medverka_api USING (resident_id = app_resident());
CREATE POLICY used ON access FOR INSERT TO medverka_api WITH CHECK (study_id = app_study());
CREATE POLICY own_end ON access FOR DELETE TO medverka_api USING (resident_id = app_resident());
CREATE POLICY own ON message TO medverka_api USING (resident_id = app_resident());
CREATE POLICY own ON outbox TO medverka_api USING (resident_id = app_resident());
CREATE POLICY own ON job TO medverka_api USING (resident_id = app_resident());
CREATE POLICY job ON access TO medverka_worker USING (app_job() IS NOT NULL);
CREATE POLICY job ON message TO medverka_worker USING (app_job() IS NOT NULL);
CREATE POLICY job ON outbox TO medverka_worker USING (app_job() IS NOT NULL);
CREATE POLICY job ON job TO medverka_worker USING (app_job() IS NOT NULL);

GRANT SELECT, INSERT, DELETE ON access TO medverka_api, medverka_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON message, outbox, job TO medverka_api, medverka_worker;
