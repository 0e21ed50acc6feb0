-- D1 high pool
-- A row without a tenant belongs to nobody, or to everybody whose policy forgets it.
SELECT object, 'tenant_id is nullable or not a uuid', pg_catalog.format('ALTER TABLE %s ALTER tenant_id SET NOT NULL; its type has to be uuid', name)
FROM tenant_table WHERE NOT attnotnull OR atttypid <> 'pg_catalog.uuid'::pg_catalog.regtype

-- D2 high
-- Keys ignore policies: one tenant learns of another's value by the conflict, takes it away, or waits for it.
SELECT 'index ' || x.name, pg_catalog.format('is unique across the tenants of %s', x.on_table),
  CASE
    WHEN x.indisexclusion THEN 'make it EXCLUDE (tenant_id WITH =, ..)'
    WHEN x.key IS NOT NULL THEN pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s (tenant_id, ..)', x.on_table,
      x.conname, x.conname, CASE x.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END)
    ELSE pg_catalog.format('CREATE UNIQUE INDEX CONCURRENTLY .. ON %s (tenant_id, ..); DROP INDEX CONCURRENTLY %s', x.on_table, x.name)
  END
FROM index AS x
WHERE (x.indisunique OR x.indisexclusion) AND x.tenant IS NOT NULL AND NOT EXISTS (
  SELECT FROM pg_catalog.generate_subscripts(x.indkey, 1) AS i
  WHERE i < x.indnkeyatts AND x.indkey[i] = x.tenant
    AND (x.conexclop IS NULL OR x.conexclop[i + 1] = 'pg_catalog.=(pg_catalog.uuid,pg_catalog.uuid)'::pg_catalog.regoperator))

-- D3 critical
-- Foreign keys ignore policies: rows hang on another tenant's, and a cascade deletes or changes what is not one's own.
SELECT pg_catalog.format('constraint %I of %s', k.conname, child.name),
  pg_catalog.format('refers to %s without its tenant', parent.name),
  pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I, ADD FOREIGN KEY (tenant_id, ..) REFERENCES %s (tenant_id, ..)',
    child.name, k.conname, parent.name)
FROM pg_catalog.pg_constraint AS k
JOIN family AS child ON child.oid = k.conrelid AND child.attnum IS NOT NULL
JOIN relation AS parent ON parent.oid = k.confrelid AND parent.attnum IS NOT NULL
WHERE k.contype = 'f' AND k.conparentid = 0
  AND NOT EXISTS (
    SELECT FROM unnest(k.conkey, k.confkey) AS pair (child, parent)
    WHERE pair.child = child.attnum AND pair.parent = parent.attnum)

-- D4 high
-- When the row that is referred to goes, this one loses its tenant, or is given another one.
SELECT pg_catalog.format('constraint %I of %s', k.conname, child.name), 'would overwrite tenant_id when the row it refers to goes',
  pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I, ADD FOREIGN KEY .. ON DELETE SET NULL (..), which names the columns',
    child.name, k.conname)
FROM pg_catalog.pg_constraint AS k
JOIN family AS child ON child.oid = k.conrelid AND child.attnum = ANY (k.conkey)
WHERE k.contype = 'f' AND k.conparentid = 0
  AND (k.confupdtype IN ('n', 'd')
    OR k.confdeltype IN ('n', 'd') AND coalesce(child.attnum = ANY (k.confdelsetcols), true))

-- D5 high
-- A trigger that does not fire keeps nothing: neither a foreign key nor what the table's authors rely on.
SELECT t.object, 'has disabled triggers: ' || pg_catalog.string_agg(pg_catalog.quote_ident(g.tgname), ', ' ORDER BY g.tgname),
  pg_catalog.format('ALTER TABLE %s ENABLE TRIGGER ALL', t.name)
FROM family AS t JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid AND g.tgenabled IN ('D', 'R')
GROUP BY t.object, t.name

-- D6 medium
-- A query walks over other tenants' entries: it takes longer the more they have, and EXPLAIN tells what they hold.
SELECT 'index ' || x.name, pg_catalog.format('on %s does not begin with tenant_id', x.on_table),
  CASE
    WHEN x.contype = 'x' THEN pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s', x.on_table, x.conname, x.conname,
      pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(x.key), '\(', '(tenant_id WITH =, '))
    WHEN x.key IS NOT NULL THEN pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s%s (%s)%s', x.on_table,
      x.conname, x.conname, CASE x.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, nulls, led.keys, ' INCLUDE (' || led.carried || ')')
    ELSE pg_catalog.format('CREATE %sINDEX%s ON %s (%s)%s%s%s; DROP INDEX%s %s', CASE WHEN x.indisunique THEN 'UNIQUE ' END, meanwhile,
      x.on_table, led.keys, ' INCLUDE (' || led.carried || ')', nulls,
      ' WHERE ' || pg_catalog.pg_get_expr(x.indpred, x.indrelid), meanwhile, x.name)
  END
FROM index AS x
-- In a btree, whatever it was: of the others some take one column alone, and in none of them one leads.
CROSS JOIN LATERAL (
  SELECT pg_catalog.concat_ws(', ', 'tenant_id', pg_catalog.string_agg(
      pg_catalog.pg_get_indexdef(x.indexrelid, i + 1, true)
        || CASE WHEN x.method = 'btree' AND NOT o.opcdefault
          THEN pg_catalog.format(' %s.%I', o.opcnamespace::pg_catalog.regnamespace, o.opcname) ELSE '' END
        || CASE WHEN pg_catalog.pg_index_column_has_property(x.indexrelid, i + 1, 'desc') THEN ' DESC' ELSE '' END,
      ', ' ORDER BY i) FILTER (WHERE i < x.indnkeyatts)) AS keys,
    pg_catalog.string_agg(pg_catalog.pg_get_indexdef(x.indexrelid, i + 1, true), ', ' ORDER BY i) FILTER (WHERE i >= x.indnkeyatts) AS carried
  FROM pg_catalog.generate_subscripts(x.indkey, 1) AS i
  LEFT JOIN pg_catalog.pg_opclass AS o ON i < x.indnkeyatts AND o.oid = x.indclass[i]
  WHERE x.indkey[i] <> x.tenant) AS led
CROSS JOIN LATERAL (
  SELECT CASE WHEN x.indnullsnotdistinct THEN ' NULLS NOT DISTINCT' END AS nulls,
    -- Of a partitioned table PostgreSQL makes no index so.
    CASE WHEN x.of_kind = 'r' THEN ' CONCURRENTLY' END AS meanwhile) AS words
WHERE x.indkey[0] <> x.tenant
  -- Where no query can use the first column, to lead it by the tenant would mend nothing: D7 says what does.
  AND NOT EXISTS (SELECT FROM idle WHERE idle.indexrelid = x.indexrelid AND idle.place = 0)

-- D7 low
-- Under row-level security only leakproof operators use an index; this column of it is used by none.
SELECT 'index ' || x.name,
  pg_catalog.format('on %s: row-level security keeps queries from using %s', x.on_table,
    pg_catalog.string_agg(pg_catalog.pg_get_indexdef(x.indexrelid, idle.place + 1, true), ', ' ORDER BY idle.place)),
  'keep what is searched for in a generated column of a type with leakproof operators (text, bigint, timestamptz), or drop the index'
FROM index AS x JOIN idle ON idle.indexrelid = x.indexrelid
GROUP BY x.on_table, x.name
