-- What residents can be found by, in their own words; and answers that somebody is to look at in time.

CREATE TABLE fact (
    resident_id uuid NOT NULL,
    url         text NOT NULL,
    code        text NOT NULL,
    value       text NOT NULL,
    response_id uuid NOT NULL,
    declared_at timestamptz NOT NULL,
    PRIMARY KEY (resident_id, url, code, value)
);
COMMENT ON TABLE fact IS 'class: resident';
COMMENT ON COLUMN fact.url IS 'the questionnaire that asked, whatever its version';
COMMENT ON COLUMN fact.declared_at IS 'when the response was written';

-- Facts stand in clear only while they may be looked for: they go in the transaction that ends it.
CREATE FUNCTION fact_forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM fact f
     WHERE f.resident_id = OLD.resident_id
       AND NOT EXISTS (SELECT FROM consent_grant g
                        WHERE g.resident_id = OLD.resident_id AND g.use = 'find'
                          AND g.category = 'declared-facts' AND NOT isempty(g.data_period));
    RETURN NULL;
END $$;
CREATE TRIGGER fact_forget AFTER UPDATE ON consent_grant FOR EACH ROW
    WHEN (OLD.use = 'find' AND OLD.category = 'declared-facts' AND isempty(NEW.data_period))
    EXECUTE FUNCTION fact_forget();

CREATE TABLE concern (
    resident_id uuid NOT NULL,
    concern_id  uuid NOT NULL,
    study_id    uuid NOT NULL,
    response_id uuid NOT NULL,
    category    text NOT NULL,
    tells       text NOT NULL CHECK (tells IN ('study-team', 'steward')),
    raised_at   timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    seen_at     timestamptz,
    seen_by     uuid,
    told_at     timestamptz,
    PRIMARY KEY (resident_id, concern_id),
    CHECK ((seen_at IS NULL) = (seen_by IS NULL))
);
CREATE INDEX concern_study ON concern (study_id, due_at, concern_id);
CREATE INDEX concern_overdue ON concern (due_at) WHERE seen_at IS NULL AND told_at IS NULL;
COMMENT ON TABLE concern IS 'class: resident';
COMMENT ON COLUMN concern.response_id IS 'where the answer stands, sealed: nothing here says what it was';
COMMENT ON COLUMN concern.told_at IS 'when the resident was told that nobody had looked in time';

ALTER TABLE fact ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON fact TO medverka_api USING (resident_id = app_resident());
CREATE POLICY job ON fact TO medverka_worker USING (app_job() IS NOT NULL);
ALTER TABLE concern ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON concern TO medverka_api USING (resident_id = app_resident());
CREATE POLICY study ON concern TO medverka_api USING (
    study_id = app_study() AND EXISTS (
        SELECT FROM consent_grant g
         WHERE g.resident_id = concern.resident_id AND g.study_id = app_study() AND g.category = concern.category
           AND NOT isempty(g.data_period) AND NOT g.pauses @> statement_timestamp()
           AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp())));
CREATE POLICY job ON concern TO medverka_worker USING (app_job() IS NOT NULL);
GRANT SELECT, INSERT, DELETE ON fact TO medverka_api, medverka_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON concern TO medverka_api, medverka_worker;
