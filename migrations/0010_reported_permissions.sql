-- What an app says of its permissions on the phone, so that a resident can be told why a source fell silent.

ALTER TABLE stream
    ADD COLUMN permitted          boolean,
    ADD COLUMN permitted_since    timestamptz,
    ADD COLUMN permission_told_at timestamptz;
COMMENT ON COLUMN stream.permitted IS 'whether the app may read the measure on the phone, as it last said; null where it never did';
COMMENT ON COLUMN stream.permitted_since IS 'when it first said so, by its own clock, but never later than ours';
COMMENT ON COLUMN stream.permission_told_at IS 'when it last said so: what is older does not count';
