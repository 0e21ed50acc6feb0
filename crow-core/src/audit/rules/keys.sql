-- D1 high pool
-- A row without a tenant belongs to nobody, or to everybody whose policy forgets it.
SELECT object, 'tenant_id is nullable or not a uuid', pg_catalog.format('ALTER TABLE %s ALTER tenant_id SET NOT NULL; its type has to be uuid', name)
FROM tenant_table WHERE NOT attnotnull OR atttypid <> 'pg_catalog.uuid'::pg_catalog.regtype

-- D2 high
-- Keys ignore policies: one tenant learns of another's value by the conflict, takes it away, or waits for it.
SELECT pg_catalog.format('index %I.%I', t.nspname, c.relname),
  pg_catalog.format('is unique across the tenants of %s', t.name),
  CASE
    WHEN x.indisexclusion THEN 'make it EXCLUDE (tenant_id WITH =, ..)'
    WHEN k.oid IS NOT NULL THEN pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s (tenant_id, ..)', t.name, k.conname, k.conname,
      CASE k.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END)
    ELSE pg_catalog.format('CREATE UNIQUE INDEX CONCURRENTLY .. ON %s (tenant_id, ..); DROP INDEX CONCURRENTLY %I.%I', t.name, t.nspname, c.relname)
  END
FROM family AS t
JOIN pg_catalog.pg_index AS x ON x.indrelid = t.oid AND (x.indisunique OR x.indisexclusion)
JOIN pg_catalog.pg_class AS c ON c.oid = x.indexrelid AND NOT c.relispartition
LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = x.indexrelid AND k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x')
WHERE t.attnum IS NOT NULL AND NOT EXISTS (
  SELECT FROM pg_catalog.generate_subscripts(x.indkey, 1) AS i
  WHERE i < x.indnkeyatts AND x.indkey[i] = t.attnum
    AND (k.conexclop IS NULL OR k.conexclop[i + 1] = 'pg_catalog.=(pg_catalog.uuid,pg_catalog.uuid)'::pg_catalog.regoperator))

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
SELECT pg_catalog.format('index %I.%I', t.nspname, c.relname), pg_catalog.format('on %s does not begin with tenant_id', t.name),
  pg_catalog.format('CREATE INDEX CONCURRENTLY .. ON %s (tenant_id, ..); DROP INDEX CONCURRENTLY %I.%I', t.name, t.nspname, c.relname)
FROM family AS t
JOIN pg_catalog.pg_index AS x ON x.indrelid = t.oid AND x.indkey[0] <> t.attnum
JOIN pg_catalog.pg_class AS c ON c.oid = x.indexrelid AND NOT c.relispartition

-- D7 low
-- Under row-level security only leakproof operators use an index; this column of it is used by none.
SELECT pg_catalog.format('index %I.%I', t.nspname, c.relname),
  pg_catalog.format('on %s: row-level security keeps queries from using %s', t.name,
    pg_catalog.string_agg(pg_catalog.pg_get_indexdef(x.indexrelid, i + 1, true), ', ' ORDER BY i)),
  'keep what is searched for in a generated column of a type with leakproof operators (text, bigint, timestamptz), or drop the index'
FROM family AS t
JOIN pg_catalog.pg_index AS x ON x.indrelid = t.oid
JOIN pg_catalog.pg_class AS c ON c.oid = x.indexrelid AND NOT c.relispartition
JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
CROSS JOIN LATERAL pg_catalog.generate_subscripts(x.indkey, 1) AS i
JOIN pg_catalog.pg_opclass AS o ON o.oid = x.indclass[i]
WHERE i < x.indnkeyatts
  AND (x.indkey[i] = 0 OR NOT EXISTS (
    SELECT FROM pg_catalog.pg_amop AS a
    JOIN pg_catalog.pg_operator AS op ON op.oid = a.amopopr
    JOIN pg_catalog.pg_proc AS p ON p.oid = op.oprcode AND p.proleakproof
    WHERE a.amopfamily = o.opcfamily AND a.amoppurpose = 's' AND a.amoplefttype = o.opcintype
      -- Of trigrams, = alone is leakproof, for which nobody makes such an index.
      AND NOT (m.amname IN ('gin', 'gist') AND op.oprname = '=' AND x.indkey[i] <> t.attnum)))
GROUP BY t.name, t.nspname, c.relname
