-- Studies, the decisions they rest on, and who takes part under which code.

CREATE TABLE study (
    study_id           uuid PRIMARY KEY DEFAULT uuidv7(),
    kind               text NOT NULL CHECK (kind IN ('research', 'care-development')),
    status             text NOT NULL DEFAULT 'in-review' CHECK (status IN (
        'in-review', 'approved', 'active', 'temporarily-closed-to-accrual', 'closed-to-accrual',
        'completed', 'disapproved', 'withdrawn')),
    suspended_at       timestamptz,
    title              jsonb NOT NULL,
    summary            jsonb NOT NULL,
    controller         jsonb NOT NULL,
    legal_basis        text NOT NULL,
    withdrawal_effects text[] NOT NULL,
    retention_until    date NOT NULL,
    created_by         uuid NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    revision           bigint NOT NULL DEFAULT 1,
    CHECK (withdrawal_effects <@ ARRAY['pause', 'stop', 'no-further-use', 'erase', 'no-contact'])
);
COMMENT ON TABLE study IS 'class: reference';

CREATE TABLE approval (
    study_id    uuid NOT NULL REFERENCES study,
    reference   text NOT NULL,
    authority   text NOT NULL,
    valid_from  date NOT NULL,
    valid_until date NOT NULL,
    state       text NOT NULL DEFAULT 'in-force' CHECK (state IN ('in-force', 'suspended', 'lapsed')),
    PRIMARY KEY (study_id, reference),
    CHECK (valid_from < valid_until)
);
COMMENT ON TABLE approval IS 'class: reference';

-- Studies that may use data today. A lapsed or suspended approval suspends the study with it.
CREATE VIEW study_in_force WITH (security_invoker = true) AS
SELECT s.study_id, s.status
  FROM study s
 WHERE s.status IN ('active', 'closed-to-accrual', 'temporarily-closed-to-accrual', 'completed')
   AND s.suspended_at IS NULL
   AND s.retention_until >= statement_timestamp()::date
   AND EXISTS (SELECT FROM approval a
                WHERE a.study_id = s.study_id AND a.state = 'in-force'
                  AND statement_timestamp()::date BETWEEN a.valid_from AND a.valid_until);

CREATE TABLE enrolment (
    resident_id  uuid NOT NULL,
    enrolment_id uuid NOT NULL DEFAULT uuidv7(),
    study_id     uuid NOT NULL REFERENCES study,
    code         uuid NOT NULL DEFAULT gen_random_uuid(),
    enrolled_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at     timestamptz,
    ended_by     text CHECK (ended_by IN ('resident', 'study', 'controller')),
    PRIMARY KEY (resident_id, enrolment_id)
);
CREATE UNIQUE INDEX enrolment_live ON enrolment (resident_id, study_id) WHERE ended_at IS NULL;
COMMENT ON TABLE enrolment IS 'class: resident';

-- An episode's code is the only id that a study team ever sees. Random: a UUIDv7 would tell the time.
CREATE TABLE participant_code (
    code        uuid PRIMARY KEY,
    study_id    uuid NOT NULL,
    resident_id uuid NOT NULL
);
CREATE INDEX participant_code_study ON participant_code (study_id, code);
CREATE INDEX participant_code_resident ON participant_code (resident_id);
COMMENT ON TABLE participant_code IS 'class: directory';

ALTER TABLE enrolment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE participant_code ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON enrolment TO medverka_api USING (resident_id = app_resident());
CREATE POLICY study ON enrolment FOR SELECT TO medverka_api USING (study_id = app_study());
CREATE POLICY own ON participant_code TO medverka_api USING (resident_id = app_resident());
CREATE POLICY study ON participant_code FOR SELECT TO medverka_api USING (study_id = app_study());
CREATE POLICY job ON enrolment TO medverka_worker USING (app_job() IS NOT NULL);
CREATE POLICY job ON participant_code TO medverka_worker USING (app_job() IS NOT NULL);

GRANT SELECT, INSERT, UPDATE ON study, approval TO medverka_api;
GRANT SELECT ON study_in_force TO medverka_api, medverka_worker;
GRANT SELECT ON study, approval TO medverka_worker, medverka_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON enrolment, participant_code TO medverka_api, medverka_worker;
