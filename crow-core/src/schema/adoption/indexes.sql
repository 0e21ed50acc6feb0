-- The indexes of the tables $1 oid[]. rest: what stands behind the parenthesis that opens the list of columns.
SELECT i.indrelid AS relation, x.relname::text AS name, i.indisunique AS unique_, i.indisprimary AS primary_, i.indisexclusion AS exclusion,
  i.indisvalid AS valid, m.amname::text AS method, k.conname::text AS constraint_, coalesce(k.condeferrable, false) AS deferrable_,
  coalesce(k.condeferred, false) AS deferred,
  coalesce(i.indkey[0] = a.attnum, false) AS led, coalesce(a.attnum = ANY (i.indkey), false) AS has_tenant,
  pg_catalog.substr(pg_catalog.pg_get_indexdef(x.oid), 1 + pg_catalog.length(pg_catalog.format('CREATE %sINDEX %I ON %I.%I USING %I (',
    CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, x.relname, n.nspname, c.relname, m.amname))) AS rest,
  ARRAY(
    SELECT l.attname::text FROM pg_catalog.pg_attribute AS l WHERE l.attrelid = x.oid ORDER BY l.attnum
  ) AS columns
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = x.oid AND k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x')
WHERE i.indrelid = ANY ($1)
ORDER BY i.indisprimary DESC, i.indisunique DESC, x.oid
