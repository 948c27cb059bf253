-- Change of key-encryption keys, and what a restored database must be held against.

-- The id of the key that sealed a person number: the first of a MessagePack pair, a string of up to
-- 255 bytes. Null where it is written otherwise.
CREATE FUNCTION sealed_by(sealed bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN get_byte(sealed, 0) <> 146 THEN NULL
                WHEN get_byte(sealed, 1) BETWEEN 160 AND 191
                THEN encode(substring(sealed FROM 3 FOR get_byte(sealed, 1) - 160), 'escape')
                WHEN get_byte(sealed, 1) = 217
                THEN encode(substring(sealed FROM 4 FOR get_byte(sealed, 2)), 'escape') END;

-- Who can name an erasure has been shown the journal outside the database: its id is drawn at random.
CREATE POLICY named ON erasure FOR SELECT TO medverka_api
    USING (erasure_id = ANY (string_to_array(current_setting('app.erasures', true), ',')::uuid[]));
