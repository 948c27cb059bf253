-- What ends a use goes into the journal outside the database, as erasures do: a restore of an older backup
-- must not put in force again what was withdrawn, denied or blocked after it.
ALTER TABLE erasure ADD COLUMN terms jsonb;
COMMENT ON TABLE erasure IS 'class: resident';
COMMENT ON COLUMN erasure.scope IS 'a category, account, stream/<id> or response/<id> destroyed; or consent or block, see terms';
COMMENT ON COLUMN erasure.terms IS 'the consent event that ended a use, or the block, so that it can be written again';

-- By triggers, so that no way to end a use can forget it. A block of contact is journalled as itself.
CREATE FUNCTION journal_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.decision <> 'deny' OR EXISTS (
            SELECT FROM consent_grant g
             WHERE g.resident_id = NEW.resident_id AND g.item_id = NEW.item_id AND NOT isempty(g.data_period)) THEN
        INSERT INTO erasure (resident_id, scope, terms, erased_at)
        VALUES (NEW.resident_id, 'consent', jsonb_strip_nulls(to_jsonb(NEW) - ARRAY['prev_hash', 'hash']), NEW.recorded_at);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION journal_block() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Why is for the resident to read, and for nobody who keeps a file.
    INSERT INTO erasure (resident_id, scope, terms, erased_at)
    VALUES (NEW.resident_id, 'block', jsonb_strip_nulls(to_jsonb(NEW) - 'reason'), NEW.placed_at);
    RETURN NULL;
END $$;
CREATE TRIGGER journal AFTER INSERT ON consent_event FOR EACH ROW
    WHEN (NEW.decision NOT IN ('permit', 'resume') AND NEW.effect IS DISTINCT FROM 'no-contact')
    EXECUTE FUNCTION journal_event();
CREATE TRIGGER journal AFTER INSERT ON block FOR EACH ROW EXECUTE FUNCTION journal_block();
