-- What makes this role, or this database, unsafe to serve tenants with. No row: nothing found.
-- $1 text[]: the tenant tables of the models, $2 text[]: the shared ones; names as SQL spells them, quoted where
-- need be. Every row: rule, severity ('critical' or 'high'), object, problem, cure. The rules are those of the
-- audit; S1 to S4 are about crow itself and the registered tables.
-- It reads catalogs only, so that it needs no right and answers where crow is not installed. It does not trust
-- printed names alone: what an expression prints depends on search_path, what it depends on does not.
WITH RECURSIVE me AS MATERIALIZED (
  SELECT oid, rolname AS name, rolsuper, rolbypassrls, rolcreaterole, rolreplication, rolcreatedb
  FROM pg_catalog.pg_roles WHERE rolname = current_user
), reach AS MATERIALIZED (
  -- Every role whose rights are at hand, inherited or by SET ROLE. A superuser is a member of all.
  SELECT r.* FROM pg_catalog.pg_roles AS r, me
  WHERE r.oid = me.oid OR NOT me.rolsuper AND pg_catalog.pg_has_role(me.oid, r.oid, 'MEMBER')
), fn AS MATERIALIZED (
  SELECT p.oid, p.proname AS name, p.proowner AS owner, p.provolatile, p.prosqlbody IS NOT NULL AS standard_body,
    pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments
  FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname = 'crow'
), registered AS MATERIALIZED (
  SELECT spelt, shared, c.oid, a.attnum AS tenant_column
  FROM (
    SELECT spelt, false AS shared, pg_catalog.parse_ident(spelt) AS part FROM pg_catalog.unnest($1::text[]) AS spelt
    UNION ALL
    SELECT spelt, true, pg_catalog.parse_ident(spelt) FROM pg_catalog.unnest($2::text[]) AS spelt
  ) AS model
  LEFT JOIN (pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace)
    ON c.relname = part[pg_catalog.cardinality(part)] AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND CASE pg_catalog.cardinality(part) WHEN 1 THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = part[1] END
  LEFT JOIN pg_catalog.pg_attribute AS a
    ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnum > 0 AND NOT a.attisdropped
), relation AS MATERIALIZED (
  SELECT c.oid, c.oid::pg_catalog.regclass::text AS name, c.relkind, c.relowner AS owner, c.reloptions,
    c.relrowsecurity, c.relforcerowsecurity, a.attnum, a.atttypid, a.attnotnull,
    a.attnum IS NOT NULL OR EXISTS (SELECT FROM registered AS g WHERE g.oid = c.oid AND NOT g.shared) AS of_tenants,
    EXISTS (
      SELECT FROM reach AS r
      WHERE pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        OR pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')) AS reachable
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_attribute AS a
    ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'crow')
), tenant_table AS MATERIALIZED (
  -- Of a superuser's rights there is nothing to say beyond A1.
  SELECT relation.* FROM relation, me WHERE relkind IN ('r', 'p') AND of_tenants AND reachable AND NOT me.rolsuper
), policy AS MATERIALIZED (
  SELECT l.polrelid AS oid, l.polname AS name, l.polpermissive AS permissive,
    l.polcmd = '*' AND l.polroles = ARRAY[0::pg_catalog.oid]
      AND pg_catalog.pg_get_expr(l.polqual, l.polrelid) = canonical.printed
      AND pg_catalog.pg_get_expr(l.polwithcheck, l.polrelid) = canonical.printed
      AND (
        SELECT pg_catalog.bool_or(d.refobjid = canonical.oid) AND pg_catalog.bool_and(
          d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = l.polrelid
          OR d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid = canonical.oid)
        FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = l.oid) AS canonical
  FROM tenant_table AS t
  JOIN pg_catalog.pg_policy AS l ON l.polrelid = t.oid
  LEFT JOIN (
    SELECT oid, pg_catalog.format('(tenant_id = ( SELECT %scurrent_tenant() AS current_tenant))',
      CASE WHEN pg_catalog.pg_function_is_visible(oid) THEN '' ELSE 'crow.' END) AS printed
    FROM fn WHERE name = 'current_tenant' AND arguments = ''
  ) AS canonical ON true
), reads (view, kind, via, oid) AS (
  SELECT v.oid, v.relkind, v.oid, d.refobjid
  FROM relation AS v
  CROSS JOIN me
  JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = v.oid
  JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> v.oid
  WHERE v.relkind IN ('v', 'm') AND v.reachable AND NOT me.rolsuper
  UNION
  SELECT r.view, r.kind, r.oid, d.refobjid
  FROM reads AS r
  JOIN pg_catalog.pg_class AS c ON c.oid = r.oid AND c.relkind = 'v'
  JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = c.oid
  JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> c.oid
), leak AS (
  -- A view whose base table is a tenant's, and the view on the way that reads it with its owner's rights.
  SELECT DISTINCT r.view, r.kind, r.via, t.name AS base
  FROM reads AS r
  JOIN relation AS t ON t.oid = r.oid AND t.relkind IN ('r', 'p') AND t.of_tenants
  JOIN relation AS v ON v.oid = r.via
  WHERE r.kind = 'm' OR NOT EXISTS (
    SELECT FROM pg_catalog.pg_options_to_table(v.reloptions) AS o
    WHERE o.option_name = 'security_invoker' AND o.option_value::boolean)
), finding (rule, severity, object, problem, cure) AS (
  SELECT 'S1', 'critical', 'schema crow', 'is not installed in database ' || pg_catalog.current_database(),
    'run crow''s migration (CrowMigrations, or install.sql) here first'
  WHERE NOT EXISTS (SELECT FROM fn WHERE name = 'version' AND arguments = '')
  UNION ALL
  SELECT 'S1', 'critical', 'schema crow',
    pg_catalog.format('is of another version: crow.version() says %s, this crow needs RETURN 1',
      coalesce(pg_catalog.pg_get_function_sqlbody(oid), 'nothing readable')),
    'run the migration of the crow in use; it upgrades in place'
  FROM fn WHERE name = 'version' AND arguments = '' AND pg_catalog.pg_get_function_sqlbody(oid) IS DISTINCT FROM 'RETURN 1'
  UNION ALL
  SELECT 'S2', 'critical', 'crow.enter(uuid)', pg_catalog.format('cannot be called by %s', me.name),
    pg_catalog.format('GRANT USAGE ON SCHEMA crow TO %1$I; GRANT EXECUTE ON FUNCTION crow.enter(uuid) TO %1$I', me.name)
  FROM me, fn WHERE fn.name = 'enter' AND fn.arguments = 'tenant uuid'
    AND NOT (pg_catalog.has_function_privilege(me.oid, fn.oid, 'EXECUTE')
      AND pg_catalog.has_schema_privilege(me.oid, (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'crow'), 'USAGE'))
  UNION ALL
  SELECT 'S3', 'critical', spelt, CASE
      WHEN g.oid IS NULL THEN 'a tenant model''s table does not exist'
      WHEN g.tenant_column IS NULL THEN 'a tenant model''s table has no column tenant_id'
      ELSE 'a tenant model''s relation is no table' END,
    'run the migrations that create it, with SELECT crow.protect(..)'
  FROM registered AS g LEFT JOIN pg_catalog.pg_class AS c ON c.oid = g.oid
  WHERE NOT shared AND (g.oid IS NULL OR tenant_column IS NULL OR c.relkind NOT IN ('r', 'p'))
  UNION ALL
  SELECT 'S4', 'critical', spelt, CASE
      WHEN g.oid IS NULL THEN 'a shared model''s table does not exist'
      ELSE 'a shared model''s table has a column tenant_id' END,
    CASE WHEN g.oid IS NULL THEN 'run the migrations that create it' ELSE 'make it a tenant model, and SELECT crow.protect(..)' END
  FROM registered AS g WHERE shared AND (g.oid IS NULL OR tenant_column IS NOT NULL)
  UNION ALL
  SELECT DISTINCT 'S4', 'critical', spelt, pg_catalog.format('is shared by all tenants, and %s can write it', r.rolname),
    pg_catalog.format('REVOKE ALL ON %s FROM PUBLIC, %2$I; GRANT SELECT ON %1$s TO %2$I', spelt, r.rolname)
  FROM registered AS g, reach AS r
  WHERE shared AND g.oid IS NOT NULL AND NOT r.rolsuper
    AND (pg_catalog.has_table_privilege(r.oid, g.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
      OR pg_catalog.has_any_column_privilege(r.oid, g.oid, 'INSERT, UPDATE'))
  UNION ALL
  SELECT 'A1', 'critical', 'role ' || me.name, 'has ' || held.attributes,
    pg_catalog.format('connect as crow_app, or ALTER ROLE %I NO%s', me.name, pg_catalog.replace(held.attributes, ', ', ' NO'))
  FROM me, LATERAL (
    SELECT pg_catalog.concat_ws(', ', CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
      CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
      CASE WHEN rolcreatedb THEN 'CREATEDB' END) AS attributes) AS held
  WHERE held.attributes <> ''
  UNION ALL
  SELECT 'A2', 'critical', 'role ' || me.name, pg_catalog.format('can become %s, which stands above row-level security', r.rolname),
    pg_catalog.format('connect as crow_app, or REVOKE %I FROM %I', r.rolname, me.name)
  FROM me, reach AS r
  WHERE r.oid <> me.oid AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolreplication OR r.rolcreatedb)
  UNION ALL
  SELECT 'A3', 'critical', what, pg_catalog.format('belongs to %s, so %s can switch its protection off', r.rolname, me.name),
    CASE
      WHEN r.oid <> me.oid THEN pg_catalog.format('connect as crow_app, or REVOKE %I FROM %I', r.rolname, me.name)
      WHEN what = 'schema crow' THEN 'as superuser, ALTER .. OWNER TO crow_owner for it and all that it holds'
      ELSE pg_catalog.format('as superuser, SELECT crow.protect(%L): it gives the table to crow_owner', what)
    END
  FROM me, reach AS r, LATERAL (
    SELECT name FROM relation WHERE owner = r.oid AND of_tenants
    UNION ALL
    SELECT 'schema crow' FROM pg_catalog.pg_namespace
    WHERE nspname = 'crow' AND (nspowner = r.oid OR EXISTS (SELECT FROM fn WHERE fn.owner = r.oid))) AS owned (what)
  WHERE NOT r.rolsuper
  UNION ALL
  SELECT 'A5', 'critical', 'role ' || session_user,
    pg_catalog.format('logged in and became %s: RESET ROLE leads back', current_user), 'log in as crow_app itself'
  WHERE session_user <> current_user
  UNION ALL
  SELECT 'B1', 'critical', name, 'has no row-level security', pg_catalog.format('SELECT crow.protect(%L)', name)
  FROM tenant_table WHERE NOT relrowsecurity AND oid NOT IN (SELECT oid FROM policy)
  UNION ALL
  SELECT 'B2', 'critical', name, 'has policies, but row-level security is off', pg_catalog.format('SELECT crow.protect(%L)', name)
  FROM tenant_table WHERE NOT relrowsecurity AND oid IN (SELECT oid FROM policy)
  UNION ALL
  SELECT 'B3', 'critical', name, 'does not force row-level security on its owner', pg_catalog.format('SELECT crow.protect(%L)', name)
  FROM tenant_table WHERE relrowsecurity AND NOT relforcerowsecurity
  UNION ALL
  SELECT 'B4', 'critical', name, 'is a partition or child of ' || p.parent || ' and can be reached by its own name',
    pg_catalog.format('SELECT crow.protect(%L)', p.parent)
  FROM tenant_table AS t
  JOIN (SELECT inhrelid, inhparent::pg_catalog.regclass::text AS parent FROM pg_catalog.pg_inherits) AS p ON p.inhrelid = t.oid
  UNION ALL
  SELECT DISTINCT 'B5', 'high', name, pg_catalog.format('TRUNCATE, REFERENCES or TRIGGER is granted to %s', r.rolname),
    pg_catalog.format('SELECT crow.protect(%L)', name)
  FROM tenant_table AS t, reach AS r
  WHERE t.owner <> r.oid AND pg_catalog.has_table_privilege(r.oid, t.oid, 'TRUNCATE, REFERENCES, TRIGGER')
  UNION ALL
  SELECT DISTINCT 'B10', 'high', 'set_config(text, text, boolean)',
    'is executable by ' || r.rolname || ': a single injected SELECT can switch the tenant',
    'as superuser: REVOKE EXECUTE ON FUNCTION set_config FROM PUBLIC (crow''s migration does, where it may)'
  FROM reach AS r
  WHERE NOT r.rolsuper
    AND pg_catalog.has_function_privilege(r.oid, 'pg_catalog.set_config(text, text, boolean)'::pg_catalog.regprocedure, 'EXECUTE')
  UNION ALL
  SELECT 'C1', 'critical', name, 'lacks the restrictive policy tenant_isolation, FOR ALL TO PUBLIC',
    pg_catalog.format('SELECT crow.protect(%L)', name)
  FROM tenant_table
  WHERE (relrowsecurity OR oid IN (SELECT oid FROM policy))
    AND oid NOT IN (SELECT oid FROM policy WHERE canonical AND NOT permissive)
  UNION ALL
  SELECT 'C2', 'critical', t.name, pg_catalog.format('policy %I is not crow''s', p.name),
    pg_catalog.format('DROP POLICY %I ON %s; SELECT crow.protect(%L)', p.name, t.name, t.name)
  FROM tenant_table AS t JOIN policy AS p ON p.oid = t.oid WHERE p.canonical IS NOT TRUE
  UNION ALL
  SELECT 'C6', 'high', 'crow.current_tenant()', 'is not STABLE, or has a string body', 'run crow''s migration again'
  FROM fn WHERE name = 'current_tenant' AND arguments = '' AND (provolatile <> 's' OR NOT standard_body)
  UNION ALL
  SELECT 'D1', 'high', name, 'tenant_id is nullable or not a uuid', 'ALTER TABLE: tenant_id uuid NOT NULL'
  FROM tenant_table WHERE NOT attnotnull OR atttypid <> 'pg_catalog.uuid'::pg_catalog.regtype
  UNION ALL
  SELECT 'E1', 'critical', l.view::pg_catalog.regclass::text,
    CASE WHEN l.via = l.view THEN pg_catalog.format('reads %s with its owner''s rights', l.base)
      ELSE pg_catalog.format('reads %s through %s, with that view''s owner''s rights', l.base, l.via::pg_catalog.regclass) END,
    pg_catalog.format('ALTER VIEW %s SET (security_invoker = true, security_barrier = true)', l.via::pg_catalog.regclass)
  FROM leak AS l WHERE l.kind = 'v'
  UNION ALL
  SELECT DISTINCT 'E2', 'critical', v.name, CASE v.relkind
      WHEN 'm' THEN 'is a materialized view of tenants'' rows, which row-level security cannot guard'
      ELSE 'is a foreign table of tenants'' rows, which row-level security cannot guard' END,
    pg_catalog.format('REVOKE ALL ON %s FROM PUBLIC, %I', v.name, me.name)
  FROM me, relation AS v
  WHERE v.reachable AND NOT me.rolsuper
    AND (v.relkind IN ('m', 'f') AND v.of_tenants OR v.relkind = 'm' AND EXISTS (SELECT FROM leak AS l WHERE l.view = v.oid))
)
SELECT rule, severity, object, problem, cure FROM finding ORDER BY severity, rule, object
