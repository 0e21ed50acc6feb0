-- The foreign keys from or to the tables $1 oid[].
SELECT k.conname::text AS name, k.conrelid AS child, k.confrelid AS parent,
  pg_catalog.format('%I.%I', cn.nspname, c.relname) AS child_name, pg_catalog.format('%I.%I', pn.nspname, p.relname) AS parent_name,
  c.relname::text AS child_bare,
  ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (number, place)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = number ORDER BY place) AS columns,
  ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u (number, place)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = number ORDER BY place) AS parent_columns,
  k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update, k.condeferrable AS deferrable_, k.condeferred AS deferred,
  k.convalidated AS validated,
  EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = p.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) AS parent_has_tenant,
  p.relrowsecurity AND NOT (SELECT r.rolsuper OR r.rolbypassrls FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) AS hidden
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace AS cn ON cn.oid = c.relnamespace
JOIN pg_catalog.pg_class AS p ON p.oid = k.confrelid
JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.conrelid = ANY ($1) OR k.confrelid = ANY ($1))
ORDER BY k.oid
