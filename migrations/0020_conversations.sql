-- What a resident and a study team write to each other.

CREATE TABLE communication (
    resident_id      uuid NOT NULL,
    study_id         uuid NOT NULL,
    communication_id uuid NOT NULL,
    member_id        uuid,
    key_version      integer NOT NULL,
    body             bytea NOT NULL,
    written_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    read_at          timestamptz,
    PRIMARY KEY (resident_id, study_id, communication_id)
);
COMMENT ON TABLE communication IS 'class: resident';
COMMENT ON COLUMN communication.member_id IS 'who of the team wrote it; none: the resident did';
COMMENT ON COLUMN communication.body IS 'sealed under the resident''s data key of the scope conversations';

ALTER TABLE communication ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- A team acts as the resident whom a code stands for, once the gate has let it.
CREATE POLICY own ON communication TO medverka_api USING (resident_id = app_resident());
CREATE POLICY job ON communication TO medverka_worker USING (app_job() IS NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON communication TO medverka_api;
GRANT SELECT, DELETE ON communication TO medverka_worker;
