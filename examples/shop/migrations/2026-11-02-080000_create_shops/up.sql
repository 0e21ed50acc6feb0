-- Which shops there are. This is no tenant's table, and nobody who serves tenants may read it.
CREATE TABLE shops (
    id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name text NOT NULL
);

ALTER TABLE shops OWNER TO crow_owner;
GRANT SELECT ON shops TO crow_admin;

-- The one question that is asked before a tenant is known, by the one role that cannot enter any.
CREATE FUNCTION shop_by_slug(slug text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT s.id FROM public.shops AS s WHERE s.slug = shop_by_slug.slug);

ALTER FUNCTION shop_by_slug OWNER TO crow_owner;
REVOKE ALL ON FUNCTION shop_by_slug FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shop_by_slug TO crow_open;
