-- Notices, items, the ledger of consent events, the grants that are enforced, and what denies.

CREATE TABLE notice (
    notice_id  uuid PRIMARY KEY DEFAULT uuidv7(),
    study_id   uuid REFERENCES study,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE notice IS 'class: reference';
CREATE UNIQUE INDEX notice_study ON notice (study_id);
COMMENT ON COLUMN notice.study_id IS 'none: the platform''s own';

CREATE TABLE notice_version (
    notice_id    uuid NOT NULL REFERENCES notice,
    version      integer NOT NULL CHECK (version > 0),
    change       text NOT NULL CHECK (change IN ('editorial', 'minor', 'material')),
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (notice_id, version)
);
COMMENT ON TABLE notice_version IS 'class: reference';

CREATE TABLE notice_text (
    notice_id uuid NOT NULL,
    version   integer NOT NULL,
    language  text NOT NULL,
    title     text NOT NULL,
    body      text NOT NULL,
    sha256    bytea NOT NULL CHECK (sha256 = sha256(convert_to(body, 'UTF8'))),
    PRIMARY KEY (notice_id, version, language),
    FOREIGN KEY (notice_id, version) REFERENCES notice_version
);
COMMENT ON TABLE notice_text IS 'class: reference';

CREATE TABLE consent_item (
    item_id           uuid NOT NULL,
    version           integer NOT NULL,
    notice_id         uuid NOT NULL,
    study_id          uuid,
    position          smallint NOT NULL,
    use               text NOT NULL CHECK (use IN ('study', 'keep', 'find', 'contact', 'feedback', 'quote')),
    purpose           text NOT NULL,
    categories        text[] NOT NULL CHECK (cardinality(categories) > 0),
    sources           text[] NOT NULL DEFAULT '{}',
    recipients        text[] NOT NULL DEFAULT '{}',
    recipient_classes text[] NOT NULL DEFAULT '{}' CHECK (recipient_classes <@ ARRAY[
        'named', 'academic', 'non-profit', 'for-profit', 'international']),
    past              boolean NOT NULL,
    future            boolean NOT NULL,
    geography         text NOT NULL DEFAULT 'SE',
    linkage           text[] NOT NULL DEFAULT '{}' CHECK (linkage <@ ARRAY['registers', 'journal', 'biobank']),
    ai_training       boolean NOT NULL DEFAULT false,
    commercial_use    boolean NOT NULL DEFAULT false,
    recontact         boolean NOT NULL DEFAULT false,
    return_of_results boolean NOT NULL DEFAULT false,
    ehds              boolean NOT NULL DEFAULT false,
    duration_days     integer CHECK (duration_days > 0),
    erase_by          date,
    required          boolean NOT NULL DEFAULT false,
    texts             jsonb NOT NULL,
    PRIMARY KEY (item_id, version),
    UNIQUE (notice_id, version, position),
    FOREIGN KEY (notice_id, version) REFERENCES notice_version,
    CHECK (past OR future),
    CHECK ((use = 'study') = (study_id IS NOT NULL))
);
COMMENT ON TABLE consent_item IS 'class: reference';

-- The end of a resident's chain. Its row lock is what makes seq gapless.
CREATE TABLE consent_head (
    resident_id uuid PRIMARY KEY,
    seq         bigint NOT NULL DEFAULT 0,
    hash        bytea NOT NULL DEFAULT '\x'
);
COMMENT ON TABLE consent_head IS 'class: resident';

CREATE TABLE consent_event (
    resident_id    uuid NOT NULL,
    seq            bigint NOT NULL,
    decision       text NOT NULL CHECK (decision IN (
        'permit', 'deny', 'withdraw', 'pause', 'resume', 'revoke', 'invalidate')),
    scope          text NOT NULL CHECK (scope IN ('item', 'study', 'category', 'everything')),
    item_id        uuid,
    study_id       uuid,
    category       text,
    notice_id      uuid,
    notice_version integer,
    language       text,
    categories     text[] NOT NULL DEFAULT '{}',
    use            text,
    past           boolean,
    future         boolean,
    valid_until    timestamptz,
    effect         text CHECK (effect IN ('stop', 'no-further-use', 'erase', 'no-contact')),
    pause_until    timestamptz,
    seen_seq       bigint,
    blind          boolean NOT NULL DEFAULT false,
    actor_id       uuid NOT NULL,
    actor_role     text NOT NULL CHECK (actor_role IN (
        'resident', 'guardian', 'representative', 'assistant', 'steward', 'data-protection-officer', 'platform')),
    representation_id uuid,
    method         text NOT NULL CHECK (method IN ('app', 'signed', 'paper', 'phone', 'system')),
    claimed_at     timestamptz,
    recorded_at    timestamptz NOT NULL,
    prev_hash      bytea NOT NULL,
    hash           bytea NOT NULL,
    PRIMARY KEY (resident_id, seq),
    CHECK (CASE scope WHEN 'item' THEN item_id IS NOT NULL WHEN 'study' THEN study_id IS NOT NULL
                      WHEN 'category' THEN category IS NOT NULL ELSE true END),
    CHECK ((decision = 'withdraw') = (effect IS NOT NULL)),
    CHECK ((decision = 'pause') = (pause_until IS NOT NULL))
);
COMMENT ON TABLE consent_event IS 'class: resident; append-only';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', tg_table_name USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON consent_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON consent_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE consent_grant (
    resident_id    uuid NOT NULL,
    item_id        uuid NOT NULL,
    category       text NOT NULL,
    study_id       uuid,
    use            text NOT NULL,
    notice_version integer NOT NULL,
    recipients     text[] NOT NULL,
    ehds           boolean NOT NULL,
    status         text NOT NULL CHECK (status IN (
        'ConsentGiven', 'RenewedConsentGiven', 'ConsentRefused',
        'ConsentWithdrawn', 'ConsentRevoked', 'ConsentInvalidated')),
    event_seq      bigint NOT NULL,
    since          timestamptz,
    valid_until    timestamptz,
    data_period    tstzmultirange NOT NULL,
    pauses         tstzmultirange NOT NULL DEFAULT '{}',
    PRIMARY KEY (resident_id, item_id, category)
);
CREATE INDEX consent_grant_ends ON consent_grant (valid_until) WHERE valid_until IS NOT NULL;
COMMENT ON TABLE consent_grant IS 'class: resident';
COMMENT ON COLUMN consent_grant.data_period IS 'the times of measurement that are granted, pauses not yet taken off';
COMMENT ON COLUMN consent_grant.since IS 'since when the grant has been open without a break that closed its past';

CREATE TABLE block (
    resident_id uuid NOT NULL,
    block_id    uuid NOT NULL DEFAULT uuidv7(),
    kind        text NOT NULL CHECK (kind IN ('block', 'hold')),
    source      text NOT NULL CHECK (source IN (
        'resident', 'protected-identity', 'ehds-opt-out', 'register', 'data-protection-officer')),
    scope       text NOT NULL CHECK (scope IN ('everything', 'study', 'category', 'organisation', 'ehds', 'contact')),
    study_id    uuid,
    category    text,
    organisation text,
    reason      text,
    placed_by   uuid NOT NULL,
    placed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    lifted_by   uuid,
    lifted_at   timestamptz,
    PRIMARY KEY (resident_id, block_id),
    CHECK (scope <> 'study' OR study_id IS NOT NULL),
    CHECK (scope <> 'category' OR category IS NOT NULL),
    CHECK (scope <> 'organisation' OR organisation IS NOT NULL)
);
CREATE INDEX block_live ON block (resident_id) WHERE lifted_at IS NULL;
COMMENT ON TABLE block IS 'class: resident';

CREATE TABLE stop_switch (
    stop_id   uuid PRIMARY KEY DEFAULT uuidv7(),
    study_id  uuid,
    recipient text,
    category  text,
    reason    text NOT NULL,
    placed_by uuid NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lifted_by uuid,
    lifted_at timestamptz,
    CHECK (num_nonnulls(study_id, recipient, category) = 1)
);
COMMENT ON TABLE stop_switch IS 'class: reference';

-- A withdrawal as the resident can follow it: drained when no use that began before it is left.
CREATE TABLE withdrawal (
    resident_id  uuid NOT NULL,
    seq          bigint NOT NULL,
    drained_at   timestamptz,
    destroy      text[] NOT NULL DEFAULT '{}',
    destroyed_at timestamptz,
    PRIMARY KEY (resident_id, seq)
);
CREATE INDEX withdrawal_open ON withdrawal (resident_id) WHERE drained_at IS NULL OR destroyed_at IS NULL;
COMMENT ON TABLE withdrawal IS 'class: resident';

ALTER TABLE consent_head ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE consent_event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE consent_grant ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE block ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE withdrawal ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON consent_head TO medverka_api USING (resident_id = app_resident());
CREATE POLICY own ON consent_event TO medverka_api USING (resident_id = app_resident());
CREATE POLICY own ON consent_grant TO medverka_api USING (resident_id = app_resident());
CREATE POLICY own ON block TO medverka_api USING (resident_id = app_resident());
CREATE POLICY own ON withdrawal TO medverka_api USING (resident_id = app_resident());
CREATE POLICY study ON consent_grant FOR SELECT TO medverka_api USING (study_id = app_study());
-- What denies must be seen by whoever the gate answers: a hidden block would not deny.
CREATE POLICY study ON block FOR SELECT TO medverka_api USING (
    app_study() IS NOT NULL AND EXISTS (
        SELECT FROM consent_grant g WHERE g.resident_id = block.resident_id AND g.study_id = app_study()));
CREATE POLICY study ON withdrawal FOR SELECT TO medverka_api USING (
    app_study() IS NOT NULL AND EXISTS (
        SELECT FROM consent_grant g WHERE g.resident_id = withdrawal.resident_id AND g.study_id = app_study()));
CREATE POLICY job ON consent_head TO medverka_worker USING (app_job() IS NOT NULL);
CREATE POLICY job ON consent_event TO medverka_worker USING (app_job() IS NOT NULL);
CREATE POLICY job ON consent_grant TO medverka_worker USING (app_job() IS NOT NULL);
CREATE POLICY job ON block TO medverka_worker USING (app_job() IS NOT NULL);
CREATE POLICY job ON withdrawal TO medverka_worker USING (app_job() IS NOT NULL);

-- Grants that nothing denies at this statement. Deny beats permit.
CREATE VIEW undenied_grant WITH (security_invoker = true) AS
SELECT g.*
  FROM consent_grant g
 WHERE NOT isempty(g.data_period)
   AND NOT EXISTS (
        SELECT FROM block b
         WHERE b.resident_id = g.resident_id AND b.lifted_at IS NULL
           AND CASE b.scope WHEN 'everything' THEN true
                            WHEN 'study' THEN b.study_id = g.study_id
                            WHEN 'category' THEN b.category = g.category
                            WHEN 'organisation' THEN b.organisation = ANY (g.recipients)
                            WHEN 'ehds' THEN g.ehds
                            ELSE false END)
   AND NOT EXISTS (  -- given anew before what was to be erased is gone: it begins from nothing
        SELECT FROM withdrawal w
         WHERE w.resident_id = g.resident_id AND w.destroyed_at IS NULL
           AND g.category = ANY (w.destroy))
   AND NOT EXISTS (
        SELECT FROM stop_switch t
         WHERE t.lifted_at IS NULL
           AND (t.study_id = g.study_id OR t.category = g.category OR t.recipient = ANY (g.recipients)));

-- What may be used now: one row for each resident x item x category in force at this statement,
-- with the times of measurement it opens. The gate is its only reader.
CREATE VIEW permit WITH (security_invoker = true) AS
SELECT g.resident_id, g.study_id, g.use, g.item_id, g.category, g.event_seq, g.notice_version,
       g.data_period - g.pauses AS data_period
  FROM undenied_grant g
 WHERE (g.valid_until IS NULL OR g.valid_until > statement_timestamp())
   AND NOT g.pauses @> statement_timestamp()
   AND (g.study_id IS NULL OR EXISTS (
        SELECT FROM study_in_force s WHERE s.study_id = g.study_id));

-- What may be collected, by the sample's own time: the grants' history. A pause, a stop and an
-- expiry leave the time before them open, for phones that were offline. `live` is false where
-- nothing measured from now on could be admitted: the app may stop that sync.
CREATE VIEW collectable WITH (security_invoker = true) AS
SELECT g.resident_id, g.category, g.item_id, g.data_period - g.pauses AS data_period,
       g.data_period @> statement_timestamp() AS live
  FROM undenied_grant g
 WHERE g.use IN ('study', 'keep')
   AND (g.study_id IS NULL OR EXISTS (
        SELECT FROM study_in_force s WHERE s.study_id = g.study_id AND s.status <> 'completed'));

GRANT SELECT, INSERT ON notice, notice_version, notice_text, consent_item TO medverka_api;
GRANT SELECT, INSERT, UPDATE ON stop_switch TO medverka_api;
GRANT SELECT ON notice, notice_version, notice_text, consent_item, stop_switch TO medverka_worker, medverka_auditor;
GRANT SELECT, INSERT ON consent_event TO medverka_api, medverka_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON consent_head, consent_grant, block, withdrawal TO medverka_api, medverka_worker;
GRANT SELECT ON undenied_grant, permit, collectable TO medverka_api, medverka_worker;
