-- What is asked before a tenant is known. The tables belong to nobody whom a request reaches; each function
-- answers one question, to the role `crow_open`, which may not enter tenants.
CREATE SCHEMA login AUTHORIZATION crow_owner;
SET ROLE crow_owner;

CREATE TABLE login.shops (
    slug   text PRIMARY KEY CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    tenant uuid NOT NULL UNIQUE
);
CREATE FUNCTION login.shop(slug text) RETURNS uuid
    LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    BEGIN ATOMIC
        SELECT s.tenant FROM login.shops AS s WHERE s.slug = shop.slug;
    END;

CREATE TABLE login.api_keys (
    digest  bytea PRIMARY KEY CHECK (length(digest) = 32),
    tenant  uuid NOT NULL,
    program text NOT NULL,
    expires timestamptz NOT NULL
);
CREATE FUNCTION login.api_key(digest bytea, OUT tenant uuid, OUT program text) RETURNS SETOF record
    LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    BEGIN ATOMIC
        SELECT k.tenant, k.program FROM login.api_keys AS k
        WHERE k.digest = api_key.digest AND k.expires > now();
    END;

REVOKE ALL ON FUNCTION login.shop, login.api_key FROM PUBLIC;
GRANT USAGE ON SCHEMA login TO crow_open;
GRANT EXECUTE ON FUNCTION login.shop, login.api_key TO crow_open;
RESET ROLE;
