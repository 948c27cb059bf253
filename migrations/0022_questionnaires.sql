-- Questionnaires as they were published, and what residents answered, sealed.

CREATE TABLE questionnaire_version (
    questionnaire_id uuid PRIMARY KEY DEFAULT uuidv7(),
    study_id     uuid REFERENCES study,
    url          text NOT NULL,
    version      text NOT NULL,
    status       text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'retired')),
    category     text NOT NULL CHECK (category LIKE 'survey-%'),
    title        text,
    resource     jsonb NOT NULL,
    declarations jsonb NOT NULL,
    warnings     jsonb NOT NULL,
    drafted_by   uuid NOT NULL,
    drafted_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz,
    retired_at   timestamptz,
    UNIQUE (url, version),
    CHECK ((status = 'retired') = (retired_at IS NOT NULL)),
    CHECK (status <> 'active' OR published_at IS NOT NULL)
);
CREATE INDEX questionnaire_version_study ON questionnaire_version (study_id, questionnaire_id);
COMMENT ON TABLE questionnaire_version IS 'class: reference';
COMMENT ON COLUMN questionnaire_version.study_id IS 'whose it is; null: the region''s, for every study';
COMMENT ON COLUMN questionnaire_version.category IS 'the data category of its answers: its topic';
COMMENT ON COLUMN questionnaire_version.resource IS 'the FHIR resource as it was given';
COMMENT ON COLUMN questionnaire_version.declarations IS '{scoring, safety, facts}';
COMMENT ON COLUMN questionnaire_version.warnings IS 'the extensions in it that are not kept to';

CREATE TABLE response (
    resident_id   uuid NOT NULL,
    response_id   uuid NOT NULL,
    revision      integer NOT NULL CHECK (revision > 0),
    study_id      uuid NOT NULL,
    assignment_id uuid,
    questionnaire text NOT NULL,
    category      text NOT NULL,
    state         text NOT NULL CHECK (state IN ('draft', 'completed', 'amended')),
    authored_at   timestamptz NOT NULL,
    received_at   timestamptz NOT NULL,
    key_version   integer NOT NULL,
    body          bytea NOT NULL,
    PRIMARY KEY (resident_id, response_id, revision)
);
CREATE INDEX response_received ON response (resident_id, received_at, response_id);
COMMENT ON TABLE response IS 'class: resident';
COMMENT ON COLUMN response.response_id IS 'chosen by the app, so that a retry is the same response';
COMMENT ON COLUMN response.revision IS 'a draft is written over; what was submitted stays, an amendment is a row after it';
COMMENT ON COLUMN response.questionnaire IS 'url|version';
COMMENT ON COLUMN response.authored_at IS 'when it was written, as the phone says; not after received_at';
COMMENT ON COLUMN response.body IS 'the FHIR resource and its scores, sealed by the data key of the category';

ALTER TABLE response ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON response TO medverka_api USING (resident_id = app_resident());
CREATE POLICY study ON response FOR SELECT TO medverka_api USING (
    study_id = app_study() AND state <> 'draft' AND EXISTS (
        SELECT FROM consent_grant g
         WHERE g.resident_id = response.resident_id AND g.study_id = app_study() AND g.category = response.category
           AND NOT isempty(g.data_period) AND NOT g.pauses @> statement_timestamp()
           AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp())));
CREATE POLICY job ON response TO medverka_worker USING (app_job() IS NOT NULL);

-- What is published stays as it was.
GRANT SELECT ON questionnaire_version TO medverka_api, medverka_worker, medverka_auditor;
GRANT INSERT (study_id, url, version, category, title, resource, declarations, warnings, drafted_by)
    ON questionnaire_version TO medverka_api;
GRANT UPDATE (status, published_at, retired_at) ON questionnaire_version TO medverka_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON response TO medverka_api, medverka_worker;

-- Answers are donated, too: a withdrawal that erases looks for them.
CREATE OR REPLACE FUNCTION consent_withdraw(
    p_resident uuid, p_actor uuid, p_scope text, p_item uuid, p_study uuid, p_category text, p_effect text,
    p_claimed_at timestamptz)
RETURNS TABLE (event consent_event, drained_at timestamptz, taking_part boolean, donated boolean, knocks boolean)
LANGUAGE plpgsql AS $$
DECLARE
    drained boolean := resident_drain(p_resident);
BEGIN
    IF drained IS NULL THEN
        RETURN;
    END IF;
    event := consent_close(p_resident, 'withdraw', p_scope, p_item, p_study, p_category, p_effect, NULL, NULL,
                           p_actor, 'resident', 'app', p_claimed_at);
    drained_at := CASE WHEN drained THEN clock_timestamp() END;
    INSERT INTO withdrawal (resident_id, seq, drained_at, destroy, destroyed_at)
    VALUES (p_resident, event.seq, drained_at, '{}', drained_at);
    taking_part := EXISTS (SELECT FROM enrolment e WHERE e.resident_id = p_resident AND e.ended_at IS NULL);
    donated := EXISTS (SELECT FROM stream s WHERE s.resident_id = p_resident)
            OR EXISTS (SELECT FROM response r WHERE r.resident_id = p_resident);
    knocks := EXISTS (SELECT FROM outbox o
                       WHERE o.bucket = get_byte(uuid_send(p_resident), 15) & 63  -- domain/db.py: bucket_of
                         AND o.resident_id = p_resident AND o.state = 'waiting');
    RETURN NEXT;
END $$;

-- What a schedule that has ended would still have asked is found by it.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX assignment_of_schedule ON assignment (schedule_id, opens_at) WHERE state IN ('due', 'draft');
