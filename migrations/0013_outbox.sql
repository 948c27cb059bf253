-- What the worker needs of the outbox: two lanes, a share for each study, and how a knock ended.
-- Until now nothing emptied the outbox: it is small, and is locked for a moment.

-- squawk-ignore ban-drop-constraint
ALTER TABLE outbox DROP CONSTRAINT outbox_state_check;
ALTER TABLE outbox
    ADD COLUMN bulk     boolean NOT NULL DEFAULT false,
    -- squawk-ignore adding-field-with-default
    ADD COLUMN share    uuid NOT NULL GENERATED ALWAYS AS (coalesce(study_id, '00000000-0000-0000-0000-000000000000')) STORED,
    ADD COLUMN told     uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN tried_at timestamptz,
    ADD COLUMN ended_at timestamptz,
    ADD COLUMN cause    text;
ALTER TABLE outbox ADD CONSTRAINT outbox_state CHECK (state IN (
    'waiting', 'sent', 'bundled', 'no-device', 'cancelled', 'expired', 'dead')) NOT VALID;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE outbox VALIDATE CONSTRAINT outbox_state;
-- A claim changes a row in its page where there is room: no index is touched.
ALTER TABLE outbox SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON COLUMN outbox.state IS 'waiting, also while a worker holds it; every other state is an end';
COMMENT ON COLUMN outbox.bulk IS 'promised to many at once: it keeps to the ramp, and to its study''s share';
COMMENT ON COLUMN outbox.share IS 'the study, or zeros for the platform: bulk is shared out fairly between them';
COMMENT ON COLUMN outbox.told IS 'the devices that are done with: they took it, or it is not for them';
COMMENT ON COLUMN outbox.tried_at IS 'when it was first tried in vain; retries end an hour later';
COMMENT ON COLUMN outbox.ended_at IS 'when it came to its end; its row goes two weeks after the promise';
COMMENT ON COLUMN outbox.cause IS 'why it ended so, or was put off: a stable code without content';

-- squawk-ignore require-concurrent-index-deletion
DROP INDEX outbox_waiting;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX outbox_prompt ON outbox (bucket, not_before) WHERE state = 'waiting' AND NOT bulk;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX outbox_bulk ON outbox (bucket, share, not_before) WHERE state = 'waiting' AND bulk;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX outbox_dead ON outbox (bucket, ended_at) WHERE state = 'dead';

-- How fast all workers together may knock: one row, changed about twenty times in a second and worker.
CREATE TABLE push_pace (
    lane    text PRIMARY KEY CHECK (lane = 'push'),
    began   bigint NOT NULL,
    last    bigint NOT NULL,
    second  bigint NOT NULL,
    spent   integer NOT NULL,
    in_bulk integer NOT NULL
);
INSERT INTO push_pace (lane, began, last, second, spent, in_bulk) VALUES ('push', 0, 0, 0, 0, 0);
COMMENT ON TABLE push_pace IS 'class: reference';
COMMENT ON COLUMN push_pace.began IS 'when the ramp of what is sent in bulk began, in seconds since 1970 like all of them';
COMMENT ON COLUMN push_pace.last IS 'when anything was last granted to what is sent in bulk';
COMMENT ON COLUMN push_pace.second IS 'the second that `spent` counts in, and of it `in_bulk`';
GRANT SELECT, UPDATE ON push_pace TO medverka_worker;
