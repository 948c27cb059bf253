-- What apps report of the knocks that reached them.

CREATE TABLE delivery (
    resident_id uuid NOT NULL,
    message_id  uuid NOT NULL,
    device_id   uuid NOT NULL,
    what        text NOT NULL CHECK (what IN ('delivered', 'opened', 'dismissed')),
    happened_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (resident_id, message_id, device_id, what)
);
COMMENT ON TABLE delivery IS 'class: resident';
COMMENT ON COLUMN delivery.happened_at IS 'by the device''s own clock';
ALTER TABLE delivery ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON delivery TO medverka_api USING (resident_id = app_resident());
CREATE POLICY job ON delivery TO medverka_worker USING (app_job() IS NOT NULL);
GRANT SELECT, INSERT, DELETE ON delivery TO medverka_api, medverka_worker;
