-- An e-mail address of a resident: where they are told that something waits, if no device can be.

CREATE TABLE email (
    resident_id     uuid PRIMARY KEY,
    sealed          bytea,
    wanted          boolean NOT NULL DEFAULT true,
    set_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    confirmed_at    timestamptz,
    code_id         uuid,
    code_digest     bytea,
    code_expires_at timestamptz,
    tries           smallint NOT NULL DEFAULT 0,
    asked_at        timestamptz[] NOT NULL DEFAULT '{}',
    CHECK (sealed IS NOT NULL OR (confirmed_at IS NULL AND code_id IS NULL)),
    CHECK (confirmed_at IS NULL OR code_id IS NULL),
    CHECK ((code_id IS NULL) = (code_digest IS NULL) AND (code_id IS NULL) = (code_expires_at IS NULL))
);
CREATE INDEX email_removed ON email (set_at) WHERE sealed IS NULL;
COMMENT ON TABLE email IS 'class: resident';
COMMENT ON COLUMN email.sealed IS 'the address, sealed as person numbers are; without it the row only counts letters, for a day';
COMMENT ON COLUMN email.confirmed_at IS 'when the code came back; without it nothing but the code is sent there';
COMMENT ON COLUMN email.code_id IS 'the letter in the outbox that brings the code; the code follows from it and a secret';
COMMENT ON COLUMN email.tries IS 'how many codes have been tried';
COMMENT ON COLUMN email.asked_at IS 'when codes were sent of late: nobody is sent more than a few in a day';
ALTER TABLE email ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON email TO medverka_api USING (resident_id = app_resident());
CREATE POLICY job ON email TO medverka_worker USING (app_job() IS NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON email TO medverka_api;
GRANT SELECT, UPDATE, DELETE ON email TO medverka_worker;

COMMENT ON COLUMN outbox.told IS 'the devices that are done with: they took it, or it is not for them; the resident''s own id stands for their e-mail address';
