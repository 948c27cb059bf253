-- What happened to a participant, as their study says: schedules may count from it. It goes when they leave.
CREATE TABLE study_event (
    resident_id uuid NOT NULL,
    study_id uuid NOT NULL,
    name text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (resident_id, study_id, name)
);
COMMENT ON TABLE study_event IS 'class: resident';
COMMENT ON COLUMN study_event.name IS 'as timetables name it';
COMMENT ON COLUMN study_event.recorded_by IS 'the member who said so last';

ALTER TABLE study_event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON study_event TO medverka_api USING (resident_id = app_resident());
CREATE POLICY job ON study_event TO medverka_worker USING (app_job() IS NOT NULL);

GRANT SELECT, INSERT, UPDATE, DELETE ON study_event TO medverka_api;
GRANT SELECT, DELETE ON study_event TO medverka_worker;
