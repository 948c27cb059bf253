-- Where a resident's knocks go: the devices of their apps, and whose each address of one is.

CREATE FUNCTION app_device() RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
    RETURN decode(nullif(current_setting('app.device', true), ''), 'hex');

CREATE TABLE device (
    resident_id     uuid NOT NULL,
    device_id       uuid NOT NULL,
    value_kind      text NOT NULL CHECK (value_kind IN ('fid', 'token')),
    value           text,
    value_hash      bytea,
    platform        text NOT NULL CHECK (platform IN ('android', 'ios', 'web')),
    language        text NOT NULL,
    app_version     text,
    registered_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    retired_at      timestamptz,
    retired_because text,
    PRIMARY KEY (resident_id, device_id),
    CHECK ((retired_at IS NULL) = (value IS NOT NULL AND value_hash IS NOT NULL AND retired_because IS NULL))
);
CREATE INDEX device_seen ON device (seen_at) WHERE retired_at IS NULL;
COMMENT ON TABLE device IS 'class: resident';
COMMENT ON COLUMN device.device_id IS 'chosen by the app when it is installed';
COMMENT ON COLUMN device.value IS 'what the push service knows it by; forgotten when it is retired';
COMMENT ON COLUMN device.retired_at IS 'it is not knocked on any more, until its app registers it again';

-- An address belongs to who registered it last: on a phone that changes hands nobody is told of another.
CREATE TABLE device_value (
    value_hash  bytea PRIMARY KEY,
    resident_id uuid NOT NULL,
    device_id   uuid NOT NULL
);
CREATE INDEX device_value_resident ON device_value (resident_id);
COMMENT ON TABLE device_value IS 'class: directory';

ALTER TABLE device ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE device_value ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON device TO medverka_api USING (resident_id = app_resident());
-- Who can name the hash of an address holds the device that it is of.
CREATE POLICY keyed ON device_value TO medverka_api
    USING (value_hash = app_device() OR resident_id = app_resident())
    WITH CHECK (resident_id = app_resident());
CREATE POLICY job ON device TO medverka_worker USING (app_job() IS NOT NULL);
CREATE POLICY job ON device_value TO medverka_worker USING (app_job() IS NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON device, device_value TO medverka_api, medverka_worker;
