-- What residents are asked to answer, when, and what became of it; and what they chose to be found by.

CREATE TABLE schedule (
    schedule_id   uuid PRIMARY KEY,
    study_id      uuid NOT NULL REFERENCES study,
    questionnaire text NOT NULL,
    category      text NOT NULL,
    timetable     jsonb NOT NULL,
    created_by    uuid NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    walked_until  timestamptz NOT NULL DEFAULT '-infinity',
    ended_at      timestamptz
);
CREATE INDEX schedule_study ON schedule (study_id, schedule_id);
COMMENT ON TABLE schedule IS 'class: reference';
COMMENT ON COLUMN schedule.questionnaire IS 'url|version; what is assigned from now on';
COMMENT ON COLUMN schedule.category IS 'the data category of its answers';
COMMENT ON COLUMN schedule.walked_until IS 'everybody has the assignments that open before this';

CREATE TABLE assignment (
    resident_id   uuid NOT NULL,
    assignment_id uuid NOT NULL,
    schedule_id   uuid NOT NULL REFERENCES schedule,
    study_id      uuid NOT NULL,
    category      text NOT NULL,
    questionnaire text NOT NULL,
    -- squawk-ignore prefer-timestamp-tz
    slot          timestamp NOT NULL,
    opens_at      timestamptz NOT NULL,
    closes_at     timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    knocks_at     timestamptz[] NOT NULL,
    state         text NOT NULL DEFAULT 'due' CHECK (state IN (
        'due', 'draft', 'completed', 'expired', 'declined', 'cancelled')),
    response_id   uuid,
    written_at    timestamptz,
    received_at   timestamptz,
    late_received boolean NOT NULL DEFAULT false,
    PRIMARY KEY (resident_id, assignment_id),
    UNIQUE (resident_id, schedule_id, slot),
    CHECK (opens_at < closes_at AND closes_at <= expires_at),
    CHECK ((state = 'completed') = (response_id IS NOT NULL AND written_at IS NOT NULL AND received_at IS NOT NULL))
);
CREATE INDEX assignment_opens ON assignment (resident_id, opens_at);
CREATE INDEX assignment_knock ON assignment ((knocks_at[1])) WHERE state IN ('due', 'draft') AND knocks_at <> '{}';
CREATE INDEX assignment_expires ON assignment (expires_at) WHERE state IN ('due', 'draft');
COMMENT ON TABLE assignment IS 'class: resident';
COMMENT ON COLUMN assignment.slot IS 'the time on the wall clock that it was made for; comes once';
COMMENT ON COLUMN assignment.questionnaire IS 'url|version, kept as it was when it was assigned';
COMMENT ON COLUMN assignment.knocks_at IS 'knocks still to come: the opening, then reminders';

ALTER TABLE assignment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON assignment TO medverka_api USING (resident_id = app_resident());
CREATE POLICY study ON assignment FOR SELECT TO medverka_api USING (
    study_id = app_study() AND EXISTS (
        SELECT FROM consent_grant g
         WHERE g.resident_id = assignment.resident_id AND g.study_id = app_study() AND g.category = assignment.category
           AND NOT isempty(g.data_period) AND NOT g.pauses @> statement_timestamp()
           AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp())));
CREATE POLICY job ON assignment TO medverka_worker USING (app_job() IS NOT NULL);
GRANT SELECT, INSERT, UPDATE ON schedule TO medverka_api;
GRANT SELECT, UPDATE ON schedule TO medverka_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON assignment TO medverka_api, medverka_worker;
