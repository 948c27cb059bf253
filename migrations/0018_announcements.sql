-- Urgent announcements: drafted by one, approved by another, then told to each resident once.

CREATE TABLE announcement (
    announcement_id uuid PRIMARY KEY DEFAULT uuidv7(),
    kind            text NOT NULL CHECK (kind IN ('safety-notice', 'breach-notice')),
    study_id        uuid REFERENCES study,
    texts           jsonb NOT NULL CHECK (texts ?& ARRAY['sv', 'en']),
    drafted_by      uuid NOT NULL,
    drafted_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    approved_by     uuid,
    approved_at     timestamptz,
    withdrawn_at    timestamptz,
    walked_until    uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    told            bigint NOT NULL DEFAULT 0,
    finished_at     timestamptz,
    CHECK (approved_by <> drafted_by),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    CHECK (approved_at IS NULL OR withdrawn_at IS NULL),
    CHECK (finished_at IS NULL OR approved_at IS NOT NULL)
);
COMMENT ON TABLE announcement IS 'class: reference';
COMMENT ON COLUMN announcement.study_id IS 'whose participants are told; null: every resident';
COMMENT ON COLUMN announcement.texts IS 'by language: {title, body}; never changed, so that what is approved is what was read';
COMMENT ON COLUMN announcement.walked_until IS 'everybody up to this resident has been told; zeros again at the end';

-- What was drafted cannot be changed; the worker can approve nothing.
GRANT SELECT ON announcement TO medverka_api, medverka_worker, medverka_auditor;
GRANT INSERT (kind, study_id, texts, drafted_by) ON announcement TO medverka_api;
GRANT UPDATE (approved_by, approved_at, withdrawn_at) ON announcement TO medverka_api;
GRANT UPDATE (walked_until, told, finished_at) ON announcement TO medverka_worker;
