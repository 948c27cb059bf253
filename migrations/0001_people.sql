-- Residents, their logins, and the people of the region and the study teams.
-- Every table says its class (design: sharding) in its comment: resident, queue, directory, reference.

CREATE FUNCTION app_resident() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.resident', true), '')::uuid;
CREATE FUNCTION app_member() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.member', true), '')::uuid;
CREATE FUNCTION app_study() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.study', true), '')::uuid;
CREATE FUNCTION app_job() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.job', true), '');
CREATE FUNCTION app_subject() RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
    RETURN decode(nullif(current_setting('app.subject', true), ''), 'hex');

CREATE TABLE resident (
    resident_id          uuid PRIMARY KEY DEFAULT uuidv7(),
    state                text NOT NULL DEFAULT 'active'
        CHECK (state IN ('active', 'moved-out', 'deceased', 'incapacitated', 'erased')),
    notice_version       integer NOT NULL,
    notice_language      text NOT NULL,
    language             text NOT NULL,
    zone                 text NOT NULL DEFAULT 'Europe/Stockholm',
    preferences          jsonb NOT NULL DEFAULT '{}',
    protected_identity   boolean NOT NULL DEFAULT false,
    person_number_sealed bytea,
    signed_out_at        timestamptz,
    unused_since         timestamptz,
    revision             bigint NOT NULL DEFAULT 1,
    created_at           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX resident_unused ON resident (unused_since) WHERE unused_since IS NOT NULL;
COMMENT ON TABLE resident IS 'class: resident';
COMMENT ON COLUMN resident.state IS 'erased: an erasure that a hold or a use under way defers; the row goes when it is done';
COMMENT ON COLUMN resident.notice_version IS 'the platform notice that was accepted at created_at, in notice_language';
COMMENT ON COLUMN resident.signed_out_at IS 'tokens of logins up to this moment are refused';
COMMENT ON COLUMN resident.unused_since IS 'since when no use is left for what was donated; erased 90 days later';

CREATE TABLE resident_lock (resident_id uuid PRIMARY KEY);
COMMENT ON TABLE resident_lock IS
    'class: resident; open: nothing but ids, seen by every role that uses the gate, so that a lock is never silently not taken';

CREATE TABLE resident_attribute (
    resident_id uuid NOT NULL,
    name        text NOT NULL CHECK (name IN ('birth-date', 'sex', 'municipality')),
    value       text NOT NULL,
    source      text NOT NULL,
    as_of       timestamptz NOT NULL,
    dispute     text,
    disputed_at timestamptz,
    PRIMARY KEY (resident_id, name)
);
COMMENT ON TABLE resident_attribute IS 'class: resident';

CREATE TABLE identity (
    issuer       text NOT NULL,
    subject_hmac bytea NOT NULL,
    resident_id  uuid,
    erased_at    timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subject_hmac, issuer),
    CHECK ((resident_id IS NULL) = (erased_at IS NOT NULL))
);
CREATE INDEX identity_resident ON identity (resident_id);
CREATE INDEX identity_erased ON identity (erased_at) WHERE erased_at IS NOT NULL;
COMMENT ON TABLE identity IS 'class: directory';
COMMENT ON COLUMN identity.erased_at IS
    'the account is gone; older tokens are refused until this row is purged, when all of them have run out';

CREATE TABLE person (
    person_hmac bytea PRIMARY KEY,
    resident_id uuid NOT NULL
);
CREATE INDEX person_resident ON person (resident_id);
COMMENT ON TABLE person IS 'class: directory';

CREATE TABLE member (
    issuer       text NOT NULL,
    subject_hmac bytea NOT NULL,
    member_id    uuid NOT NULL DEFAULT uuidv7(),
    label        text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subject_hmac, issuer)
);
COMMENT ON TABLE member IS 'class: directory';

CREATE TABLE membership (
    membership_id   uuid PRIMARY KEY DEFAULT uuidv7(),
    member_id       uuid NOT NULL,
    role            text NOT NULL CHECK (role IN (
        'steward', 'data-protection-officer', 'operator',
        'lead', 'coordinator', 'analyst', 'organisation-analyst', 'organisation-editor')),
    study_id        uuid,
    organisation_id uuid,
    granted_by      uuid,
    granted_at      timestamptz NOT NULL DEFAULT now(),
    ended_at        timestamptz,
    CHECK (granted_by <> member_id)
);
CREATE UNIQUE INDEX membership_live ON membership (member_id, role, study_id, organisation_id)
    NULLS NOT DISTINCT WHERE ended_at IS NULL;
COMMENT ON TABLE membership IS 'class: reference';

CREATE TABLE reply (
    actor_id     uuid NOT NULL,
    route        text NOT NULL,
    key          text NOT NULL,
    fingerprint  bytea NOT NULL,
    status       smallint NOT NULL,
    content_type text NOT NULL,
    body         bytea NOT NULL,
    made_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor_id, route, key)
);
CREATE INDEX reply_made_at ON reply (made_at);
COMMENT ON TABLE reply IS 'class: directory';

ALTER TABLE resident ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE resident_attribute ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE identity ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE person ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE reply ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own ON resident TO medverka_api USING (resident_id = app_resident());
CREATE POLICY own ON resident_attribute TO medverka_api USING (resident_id = app_resident());
CREATE POLICY login ON identity TO medverka_api
    USING (subject_hmac = app_subject() OR resident_id = app_resident())
    WITH CHECK (subject_hmac = app_subject() OR resident_id = app_resident() OR resident_id IS NULL);
-- The key is an HMAC under a secret of the region: who can name it has been shown the person number.
CREATE POLICY keyed ON person FOR SELECT TO medverka_api
    USING (person_hmac = decode(nullif(current_setting('app.person', true), ''), 'hex')
           OR resident_id = app_resident());
CREATE POLICY own_insert ON person FOR INSERT TO medverka_api WITH CHECK (resident_id = app_resident());
CREATE POLICY own_delete ON person FOR DELETE TO medverka_api USING (resident_id = app_resident());
CREATE POLICY own ON reply TO medverka_api USING (actor_id = app_resident() OR actor_id = app_member());

CREATE POLICY job ON resident TO medverka_worker USING (app_job() IS NOT NULL);
CREATE POLICY job ON resident_attribute TO medverka_worker USING (app_job() IS NOT NULL);
CREATE POLICY job ON identity TO medverka_worker USING (app_job() IS NOT NULL);
CREATE POLICY job ON person TO medverka_worker USING (app_job() IS NOT NULL);
CREATE POLICY job ON reply TO medverka_worker USING (app_job() IS NOT NULL);

-- What was answered to an Idempotency-Key, once it is this transaction's turn to use it.
-- The lock comes first and the row is read by a later statement: a first request that has just
-- committed is seen. Where nodes differ in what they lock, the row's primary key decides.
CREATE FUNCTION claim(p_actor uuid, p_route text, p_key text)
RETURNS TABLE (turn boolean, fingerprint bytea, status smallint, content_type text, body bytea)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    turn := pg_try_advisory_xact_lock(hashtext(p_actor::text || p_route), hashtext(p_key));
    SELECT r.fingerprint, r.status, r.content_type, r.body INTO fingerprint, status, content_type, body
      FROM reply r WHERE r.actor_id = p_actor AND r.route = p_route AND r.key = p_key;
    RETURN NEXT;
END $$;

-- From login to resident in one round trip, the claim of a key with it. Two statements, since the
-- directory and the resident may live on different nodes. Sets app.resident for the transaction.
CREATE FUNCTION enter(p_issuer text, p_subject_hmac bytea, p_route text, p_key text)
RETURNS TABLE (resident_id uuid, language text, zone text, refused_until timestamptz,
               turn boolean, fingerprint bytea, status smallint, content_type text, body bytea)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    SELECT i.resident_id, i.erased_at INTO resident_id, refused_until FROM identity i
     WHERE i.subject_hmac = p_subject_hmac AND i.issuer = p_issuer;
    IF resident_id IS NOT NULL THEN
        PERFORM set_config('app.resident', resident_id::text, true);
        SELECT r.language, r.zone, r.signed_out_at INTO language, zone, refused_until
          FROM resident r WHERE r.resident_id = enter.resident_id;
        IF p_key IS NOT NULL THEN
            SELECT c.* INTO turn, fingerprint, status, content_type, body
              FROM claim(resident_id, p_route, p_key) c;
        END IF;
    END IF;
    RETURN NEXT;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON resident, resident_attribute, identity, reply TO medverka_api, medverka_worker;
GRANT SELECT, INSERT, DELETE ON person TO medverka_api, medverka_worker;
GRANT SELECT, INSERT, DELETE ON resident_lock TO medverka_api, medverka_worker;
GRANT SELECT, INSERT ON member TO medverka_api;
GRANT SELECT, INSERT, UPDATE ON membership TO medverka_api;
GRANT SELECT ON member, membership TO medverka_worker, medverka_auditor;
