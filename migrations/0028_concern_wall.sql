-- A study sees the concerns of its participants, and changes none in its own name: who has seen one is
-- written in the resident's scope, once the gate has let them (drill T27).
DROP POLICY study ON concern;
CREATE POLICY study ON concern FOR SELECT TO medverka_api USING (
    study_id = app_study() AND EXISTS (
        SELECT FROM consent_grant g
         WHERE g.resident_id = concern.resident_id AND g.study_id = app_study() AND g.category = concern.category
           AND NOT isempty(g.data_period) AND NOT g.pauses @> statement_timestamp()
           AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp())));
