-- Walks over all residents that the workers share: of sources that fell silent, and of terms to read again.

CREATE TABLE round (
    round_id       uuid PRIMARY KEY DEFAULT uuidv7(),
    kind           text NOT NULL CHECK (kind IN ('silences', 'reviews')),
    notice_id      uuid,
    notice_version integer,
    after_resident uuid DEFAULT '00000000-0000-0000-0000-000000000000',
    begun_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (notice_id, notice_version) REFERENCES notice_version,
    CHECK ((kind = 'reviews') = (notice_id IS NOT NULL AND notice_version IS NOT NULL))
);
CREATE INDEX round_under_way ON round (kind) WHERE after_resident IS NOT NULL;
COMMENT ON TABLE round IS 'class: reference';
COMMENT ON COLUMN round.after_resident IS 'everybody up to this one has been looked at; null: it is over';
INSERT INTO round (kind) VALUES ('silences');

GRANT SELECT ON round TO medverka_worker;
GRANT INSERT (kind, notice_id, notice_version) ON round TO medverka_api;
GRANT UPDATE (after_resident, begun_at) ON round TO medverka_worker;
