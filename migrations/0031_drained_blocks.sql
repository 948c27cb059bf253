-- A block or hold whose uses under way did not end within two seconds says so, and the worker drains it,
-- as with a withdrawal. What was placed before this has long been drained.
ALTER TABLE block ADD COLUMN drained_at timestamptz DEFAULT now();
-- squawk-ignore ban-drop-default -- it was there for the rows of before
ALTER TABLE block ALTER COLUMN drained_at DROP DEFAULT;

-- squawk-ignore require-concurrent-index-creation -- the migration is one transaction; blocks are few
CREATE INDEX block_undrained ON block (resident_id) WHERE drained_at IS NULL;
