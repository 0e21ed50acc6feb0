-- S1 critical pool admin
-- crow's functions, on which every policy rests, are not those that this crow was built for.
SELECT 'schema crow', 'is not installed in database ' || pg_catalog.current_database(),
  'run crow''s migration (CrowMigrations, or install.sql) here first'
WHERE NOT EXISTS (SELECT FROM fn WHERE name = 'version' AND arguments = '')
UNION ALL
SELECT 'schema crow',
  pg_catalog.format('is of another version: crow.version() says %s, this crow needs RETURN 3',
    coalesce(pg_catalog.pg_get_function_sqlbody(oid), 'nothing readable')),
  'run the migration of the crow in use; it upgrades in place'
FROM fn WHERE name = 'version' AND arguments = '' AND pg_catalog.pg_get_function_sqlbody(oid) IS DISTINCT FROM 'RETURN 3'

-- S2 critical pool
-- The application cannot bind a tenant to its transactions, so every statement on a tenant table fails.
SELECT 'crow.enter(uuid)', pg_catalog.format('cannot be called by %s', me.name),
  pg_catalog.format('GRANT USAGE ON SCHEMA crow TO %1$I; GRANT EXECUTE ON FUNCTION crow.enter(uuid) TO %1$I', me.name)
FROM me, fn WHERE fn.name = 'enter' AND fn.arguments = 'tenant uuid'
  AND NOT (pg_catalog.has_function_privilege(me.oid, fn.oid, 'EXECUTE')
    AND pg_catalog.has_schema_privilege(me.oid, (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'crow'), 'USAGE'))
UNION ALL
SELECT 'role ' || coalesce($3::text, 'crow_app'), 'does not exist, so there is no application to audit',
  'install crow, which makes crow_app, or name the application''s role'
WHERE NOT EXISTS (SELECT FROM me)

-- S3 critical pool
-- The program and the database disagree about a table of tenants' rows: its statements fail, or meet something else.
SELECT 'model table ' || spelt, CASE
    WHEN missing THEN 'a tenant model''s table does not exist'
    WHEN tenant_column IS NULL THEN 'a tenant model''s table has no column tenant_id'
    ELSE 'a tenant model''s relation is no table' END,
  'run the migrations that create it, with SELECT crow.protect(..)'
FROM registered WHERE NOT shared AND (missing OR tenant_column IS NULL OR relkind NOT IN ('r', 'p'))

-- S4 critical pool
-- What one tenant's code writes to a shared table, every other tenant reads.
SELECT 'model table ' || spelt, CASE
    WHEN missing THEN 'a shared model''s table does not exist'
    ELSE 'is declared as shared, and has a column tenant_id' END,
  CASE WHEN missing THEN 'run the migrations that create it' ELSE 'make it a tenant model, and SELECT crow.protect(..)' END
FROM registered WHERE shared AND (missing OR tenant_column IS NOT NULL)
UNION ALL
SELECT DISTINCT 'model table ' || spelt, pg_catalog.format('is shared by all tenants, and %s can write it', r.rolname),
  pg_catalog.format('REVOKE ALL ON %s FROM PUBLIC, %2$I; GRANT SELECT ON %1$s TO %2$I', g.name, r.rolname)
FROM registered AS g, reach AS r
WHERE shared AND NOT missing AND NOT r.rolsuper
  AND (pg_catalog.has_table_privilege(r.oid, g.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
    OR pg_catalog.has_any_column_privilege(r.oid, g.oid, 'INSERT, UPDATE'))

-- S5 critical admin
-- Access across tenants could not be recorded, so it is not given.
SELECT 'function crow.record_access', 'is missing', 'run crow''s migration again'
WHERE EXISTS (SELECT FROM fn WHERE name = 'version' AND arguments = '')
  AND NOT EXISTS (SELECT FROM fn WHERE name = 'record_access')
UNION ALL
SELECT 'role ' || admin.name, 'cannot record its accesses',
  pg_catalog.format('connect as crow_admin, or GRANT EXECUTE ON FUNCTION crow.record_access TO %I', admin.name)
FROM admin, fn
WHERE fn.name = 'record_access'
  AND NOT (pg_catalog.has_function_privilege(admin.oid, fn.oid, 'EXECUTE')
    AND pg_catalog.has_schema_privilege(admin.oid, (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'crow'), 'USAGE'))

-- S6 critical admin
-- Work across tenants would fail, or see a part of the rows and take it for all of them.
SELECT 'role ' || name, 'does not see across tenants: row-level security applies to it',
  pg_catalog.format('connect as crow_admin, or ALTER ROLE %I BYPASSRLS', name)
FROM admin WHERE NOT rolbypassrls AND NOT rolsuper

-- S7 critical admin
-- Whoever goes across tenants could take that out of the record again.
SELECT 'role ' || admin.name, pg_catalog.format('acts for %s, so it can change the access log', o.rolname),
  pg_catalog.format('connect as crow_admin, or REVOKE %I FROM %I', o.rolname, admin.name)
FROM admin
JOIN pg_catalog.pg_namespace AS n ON n.nspname = 'crow'
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = 'access_log'
JOIN pg_catalog.pg_roles AS o ON o.oid IN (c.relowner, n.nspowner)
WHERE NOT admin.rolsuper AND pg_catalog.pg_has_role(admin.oid, o.oid, 'MEMBER')

-- S8 critical
-- Policies, entering and the record of accesses do what these functions do, and somebody has changed that.
SELECT pg_catalog.format('function crow.%I', coalesce(fn.name, wanted.name)),
  CASE
    WHEN fn.oid IS NULL THEN 'is missing'
    WHEN wanted.name IS NULL THEN 'is none of crow''s'
    ELSE 'is not as crow installs it'
  END,
  CASE WHEN wanted.name IS NULL THEN pg_catalog.format('DROP FUNCTION crow.%I(%s)', fn.name, fn.arguments)
    ELSE 'run crow''s migration again' END
FROM unnest($6::text[], $7::text[], $8::text[]) AS wanted (name, body, attributes)
FULL JOIN fn ON fn.name::text = wanted.name
WHERE EXISTS (SELECT FROM fn WHERE name = 'version') AND pg_catalog.cardinality($6::text[]) > 0
  AND (
    fn.oid IS NULL OR wanted.name IS NULL OR fn.standard_body <> (wanted.body IS NULL)
    OR wanted.body IS NOT NULL AND fn.prosrc <> wanted.body
    OR wanted.attributes <> pg_catalog.concat_ws(' ', fn.provolatile, CASE WHEN fn.prosecdef THEN 'definer' END,
      pg_catalog.array_to_string(fn.proconfig, ' '))
  )
UNION ALL
SELECT 'domain crow.tenant', 'is missing, or not as crow installs it', 'run crow''s migration again'
FROM fn AS enter
WHERE enter.name = 'enter' AND enter.arguments = 'tenant uuid'
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_type AS t
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
    JOIN pg_catalog.pg_constraint AS c ON c.contypid = t.oid
    JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.objid = c.oid
      AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    WHERE n.nspname = 'crow' AND t.typname = 'tenant' AND t.typbasetype = 'pg_catalog.uuid'::pg_catalog.regtype
    GROUP BY t.oid
    HAVING pg_catalog.array_agg(d.refobjid) = ARRAY[enter.oid]
      AND pg_catalog.min(pg_catalog.pg_get_constraintdef(c.oid)) = pg_catalog.format('CHECK ((%senter(VALUE) IS NOT NULL))',
        CASE WHEN pg_catalog.pg_function_is_visible(enter.oid) THEN '' ELSE 'crow.' END))

-- S9 medium
-- A table with a column tenant_id that no model names: no query of the program is checked against it.
SELECT t.object, 'holds tenants'' rows, and no model names it',
  pg_catalog.format('derive a TenantModel for it, or COMMENT ON TABLE %s IS ''crow: no model''', t.name)
FROM tenant_table AS t
WHERE pg_catalog.cardinality($1::text[] || $2::text[]) > 0 AND NOT t.registered AND NOT t.said_no_model
  AND t.oid NOT IN (
    SELECT f.oid FROM (
      WITH RECURSIVE f (oid) AS (
        SELECT oid FROM tenant_table WHERE registered OR said_no_model
        UNION SELECT i.inhrelid FROM f JOIN pg_catalog.pg_inherits AS i ON i.inhparent = f.oid)
      SELECT oid FROM f) AS f)

-- S10 critical
-- The record of accesses, or what uninstalling relies on, is open to the application.
SELECT DISTINCT pg_catalog.format('table crow.%I', c.relname), pg_catalog.format('is within the reach of %s', r.rolname),
  pg_catalog.format('REVOKE ALL ON crow.%I FROM PUBLIC, %I', c.relname, r.rolname)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'crow'
CROSS JOIN reach AS r
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT r.rolsuper
  AND (pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
    OR pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))

-- S11 medium pool
-- Statements on the table fail, or what they read is taken for something else.
SELECT m.object, CASE
    WHEN a.attnum IS NULL THEN pg_catalog.format('has no column %I, which its model has', m.column_name)
    ELSE pg_catalog.format('has column %I as %s, its model as %s',
      m.column_name, pg_catalog.format_type(a.atttypid, a.atttypmod), m.spelt) END,
  'bring table! and the migrations together; diesel print-schema prints what the database has'
FROM modelled AS m
LEFT JOIN pg_catalog.pg_attribute AS a
  ON a.attrelid = m.oid AND a.attname = m.column_name AND a.attnum > 0 AND NOT a.attisdropped
WHERE a.attnum IS NULL
  OR a.atttypid <> ALL (m.types)
    AND NOT EXISTS (
      -- What a client is told: of a domain the type below it. And all of these are text on the wire.
      WITH RECURSIVE below (oid) AS (
        SELECT a.atttypid
        UNION ALL
        SELECT t.typbasetype FROM below JOIN pg_catalog.pg_type AS t ON t.oid = below.oid WHERE t.typtype = 'd')
      SELECT FROM below JOIN pg_catalog.pg_type AS t ON t.oid = below.oid
      WHERE t.oid = ANY (m.types)
        OR t.typname IN ('varchar', 'bpchar', 'name', 'citext') AND 'pg_catalog.text'::pg_catalog.regtype = ANY (m.types)
        OR t.typname IN ('_varchar', '_bpchar', '_name', '_citext')
          AND 'pg_catalog.text[]'::pg_catalog.regtype = ANY (m.types))

-- S11 medium pool
-- A row with a NULL, which the table accepts, cannot be read.
SELECT m.object, pg_catalog.format('has column %I nullable, its model not', m.column_name),
  pg_catalog.format('ALTER TABLE %s ALTER %I SET NOT NULL, or write Nullable<..> in table!', m.name, m.column_name)
FROM modelled AS m
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = m.oid AND a.attname = m.column_name AND a.attnum > 0
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
WHERE m.relkind IN ('r', 'p') AND NOT m.nullable AND NOT a.attnotnull AND NOT t.typnotnull

-- S11 medium pool
-- No row can be inserted by the program.
SELECT t.object, pg_catalog.format('has column %I, which has to be given a value and which its model does not have', a.attname),
  pg_catalog.format('add it to table!, or ALTER TABLE %s ALTER %I SET DEFAULT ..', t.name, a.attname)
FROM tenant_table AS t
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE t.oid IN (SELECT oid FROM modelled)
  AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND a.attgenerated = ''
  AND (t.oid, a.attname::text) NOT IN (SELECT oid, column_name FROM modelled)
