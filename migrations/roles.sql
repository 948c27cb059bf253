-- The cluster's roles; may be run any number of times. Passwords are set apart from this file.
-- The owner of everything never logs in; who logs in owns nothing and passes by no policy.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'medverka_owner', 'medverka_migrator', 'medverka_api', 'medverka_worker', 'medverka_auditor'
    ] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
    -- Only a superuser may say these words, even where they change nothing.
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        ALTER ROLE medverka_owner NOSUPERUSER NOBYPASSRLS NOREPLICATION;
        ALTER ROLE medverka_migrator NOSUPERUSER NOBYPASSRLS NOREPLICATION;
        ALTER ROLE medverka_api NOSUPERUSER NOBYPASSRLS NOREPLICATION;
        ALTER ROLE medverka_worker NOSUPERUSER NOBYPASSRLS NOREPLICATION;
        ALTER ROLE medverka_auditor NOSUPERUSER NOBYPASSRLS NOREPLICATION;
    ELSE
        -- An administrator short of superuser must be able to give a database to the owner.
        EXECUTE format('GRANT medverka_owner TO %I WITH INHERIT FALSE, SET TRUE', current_user);
    END IF;
END $$;

ALTER ROLE medverka_owner NOLOGIN NOCREATEDB NOCREATEROLE NOINHERIT;
ALTER ROLE medverka_migrator LOGIN NOCREATEDB NOCREATEROLE NOINHERIT;
ALTER ROLE medverka_api LOGIN NOCREATEDB NOCREATEROLE NOINHERIT;
ALTER ROLE medverka_worker LOGIN NOCREATEDB NOCREATEROLE NOINHERIT;
ALTER ROLE medverka_auditor LOGIN NOCREATEDB NOCREATEROLE NOINHERIT;

GRANT medverka_owner TO medverka_migrator WITH INHERIT FALSE, SET TRUE;

-- Who waits longer than this is told so, and nobody holds a transaction open over a slow network.
-- Every statement of ours is planned well without knowing its values, and planning some of them
-- costs ten times what running them does.
ALTER ROLE medverka_api SET plan_cache_mode = 'force_generic_plan';
ALTER ROLE medverka_api SET statement_timeout = '10s';
ALTER ROLE medverka_api SET lock_timeout = '5s';
ALTER ROLE medverka_api SET idle_in_transaction_session_timeout = '15s';
ALTER ROLE medverka_api SET transaction_timeout = '60s';

ALTER ROLE medverka_worker SET statement_timeout = '60s';
ALTER ROLE medverka_worker SET lock_timeout = '5s';
ALTER ROLE medverka_worker SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE medverka_worker SET transaction_timeout = '80s';  -- api/changes.py overlaps by more

ALTER ROLE medverka_auditor SET statement_timeout = '60s';
ALTER ROLE medverka_auditor SET lock_timeout = '5s';
ALTER ROLE medverka_auditor SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE medverka_auditor SET default_transaction_read_only = on;

-- A change that waits for a table makes all who come after it wait too: it gives up, and tries again.
ALTER ROLE medverka_migrator SET lock_timeout = '3s';
ALTER ROLE medverka_migrator SET idle_in_transaction_session_timeout = '60s';
