-- The tables $1 oid[], in that order, as far as an adoption goes with them.
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS bare, c.relkind::text AS kind, pg_catalog.format_type(a.atttypid, NULL) AS tenant,
  coalesce(a.attnotnull, false) AS not_null,
  (SELECT k.convalidated FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conname = 'crow_tenant_not_null') AS checked,
  EXISTS (SELECT FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = 'crow_fill') AS filling,
  c.relrowsecurity AND c.relforcerowsecurity
    AND 2 = (SELECT pg_catalog.count(*) FROM pg_catalog.pg_policy WHERE polrelid = c.oid AND polname IN ('tenant_access', 'tenant_isolation'))
    AS protected,
  c.relrowsecurity AND NOT (SELECT r.rolsuper OR r.rolbypassrls FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user)
    AS hidden,
  pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned,
  c.relispartition OR EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE c.oid IN (i.inhrelid, i.inhparent)) AS related
FROM pg_catalog.unnest($1) WITH ORDINALITY AS wanted (oid, place)
JOIN pg_catalog.pg_class AS c ON c.oid = wanted.oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY place
