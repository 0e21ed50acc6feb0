-- B1 critical pool
-- Every row of every tenant is in plain sight of each of them.
SELECT object, 'has no row-level security', pg_catalog.format('SELECT crow.protect(%L)', name)
FROM tenant_table WHERE NOT relrowsecurity AND oid NOT IN (SELECT oid FROM policy)

-- B1 high
-- Nobody says what this table is: if it holds tenants' rows, all tenants see them.
SELECT t.object, 'has no tenant_id and no row-level security, and nobody declares it as shared',
  pg_catalog.format('REVOKE ALL ON %1$s FROM PUBLIC, %2$I; or, if every tenant may read it, derive a SharedModel or COMMENT ON TABLE %1$s IS ''crow: shared''', t.name, me.name)
FROM me, relation AS t
WHERE t.relkind IN ('r', 'p', 'f') AND NOT t.of_tenants AND t.reachable AND NOT t.relrowsecurity AND NOT me.rolsuper
  AND t.oid NOT IN (SELECT oid FROM registered WHERE oid IS NOT NULL)
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e')

-- B2 critical pool
-- The policies are there and do nothing: every row of every tenant is in plain sight.
SELECT object, 'has policies, but row-level security is off', pg_catalog.format('SELECT crow.protect(%L)', name)
FROM tenant_table WHERE NOT relrowsecurity AND oid IN (SELECT oid FROM policy)

-- B3 critical pool
-- Whatever runs as the owner, a view or a function for instance, sees every tenant's rows.
SELECT object, 'does not force row-level security on its owner', pg_catalog.format('SELECT crow.protect(%L)', name)
FROM tenant_table WHERE relrowsecurity AND NOT relforcerowsecurity

-- B4 critical pool
-- A partition that is named in place of its table is bound by its own policies and grants, not by the table's.
SELECT t.object, 'is a partition or child of ' || p.parent || ' and can be reached by its own name',
  pg_catalog.format('SELECT crow.protect(%L)', p.parent)
FROM tenant_table AS t
JOIN (SELECT i.inhrelid, r.name AS parent FROM pg_catalog.pg_inherits AS i JOIN relation AS r ON r.oid = i.inhparent) AS p
  ON p.inhrelid = t.oid
WHERE t.reachable

-- B4 medium
-- One grant on this partition would open the rows of every tenant in it.
SELECT f.object, 'is a partition or child of ' || p.name || ' without row-level security of its own',
  pg_catalog.format('SELECT crow.protect(%L)', p.name)
FROM family AS f
JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = f.oid
JOIN relation AS p ON p.oid = i.inhparent
WHERE p.relrowsecurity AND f.relkind IN ('r', 'p') AND NOT f.reachable
  AND NOT (f.relrowsecurity AND f.relforcerowsecurity
    AND EXISTS (SELECT FROM pg_catalog.pg_policy AS l WHERE l.polrelid = f.oid AND NOT l.polpermissive))

-- B5 high pool
-- TRUNCATE empties all tenants, REFERENCES asks for keys past the policies, TRIGGER runs code as whoever writes.
SELECT DISTINCT t.object, pg_catalog.format('TRUNCATE, REFERENCES or TRIGGER is granted to %s', r.rolname),
  pg_catalog.format('SELECT crow.protect(%L)', name)
FROM tenant_table AS t, reach AS r
WHERE t.owner <> r.oid AND pg_catalog.has_table_privilege(r.oid, t.oid, 'TRUNCATE, REFERENCES, TRIGGER')

-- B6 high
-- A sequence counts the rows of all tenants for whoever reads it, and setval makes the inserts of all of them fail.
SELECT DISTINCT pg_catalog.format('sequence %I.%I', n.nspname, c.relname), pg_catalog.format('can be read or set by %s', r.rolname),
  pg_catalog.format('REVOKE ALL ON SEQUENCE %I.%I FROM PUBLIC, %I; an identity column needs no grant', n.nspname, c.relname, r.rolname)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema')
CROSS JOIN reach AS r
WHERE CASE WHEN c.relkind = 'S' AND c.relpersistence <> 't' AND NOT r.rolsuper
  THEN pg_catalog.has_sequence_privilege(r.oid, c.oid, 'USAGE, SELECT, UPDATE') END

-- B7 high
-- Who creates tables, functions and operators in a schema puts them in the way of everybody's unqualified names.
SELECT DISTINCT 'schema ' || pg_catalog.quote_ident(n.nspname), pg_catalog.format('CREATE is granted to %s', r.rolname),
  pg_catalog.format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC, %I', n.nspname, r.rolname)
FROM pg_catalog.pg_namespace AS n, reach AS r
WHERE n.nspname !~ '^pg_(toast_)?temp_' AND NOT r.rolsuper AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE')

-- B8 high
-- A temporary table stays in a session for the next tenant and hides a table of the same name; a schema of one's own does too.
SELECT DISTINCT 'database ' || pg_catalog.quote_ident(d.datname), pg_catalog.format('%s is granted to %s', p, r.rolname),
  pg_catalog.format('REVOKE %s ON DATABASE %I FROM PUBLIC, %I', p, d.datname, r.rolname)
FROM pg_catalog.pg_database AS d, reach AS r, pg_catalog.unnest(ARRAY['CREATE', 'TEMPORARY']) AS p
WHERE d.datname = pg_catalog.current_database() AND NOT r.rolsuper AND pg_catalog.has_database_privilege(r.oid, d.oid, p)

-- B9 high
-- A table that is made tomorrow is open from its first moment, before anybody protects it.
SELECT DISTINCT pg_catalog.format('default privileges of %s%s', o.rolname, ' in schema ' || pg_catalog.quote_ident(n.nspname)),
  pg_catalog.format('hand new %s to %s', kind.plural, coalesce(r.rolname, 'PUBLIC')),
  pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s REVOKE ALL ON %s FROM %s', o.rolname,
    ' IN SCHEMA ' || pg_catalog.quote_ident(n.nspname), kind.plural, coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC'))
FROM pg_catalog.pg_default_acl AS d
JOIN pg_catalog.pg_roles AS o ON o.oid = d.defaclrole
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = d.defaclnamespace
JOIN (VALUES ('r'::"char", 'TABLES'), ('S', 'SEQUENCES'), ('f', 'FUNCTIONS'), ('n', 'SCHEMAS')) AS kind (type, plural)
  ON kind.type = d.defaclobjtype
CROSS JOIN pg_catalog.aclexplode(d.defaclacl) AS a
LEFT JOIN reach AS r ON r.oid = a.grantee
WHERE r.rolsuper IS NOT TRUE AND a.grantee <> d.defaclrole
  AND (r.oid IS NOT NULL OR a.grantee = 0 AND d.defaclobjtype <> 'f')

-- B10 high pool
-- One injected SELECT can set the parameters that the policies read, and go on as another tenant.
SELECT DISTINCT 'function set_config(text, text, boolean)',
  'is executable by ' || r.rolname || ': a single injected SELECT can switch the tenant',
  'as superuser: REVOKE EXECUTE ON FUNCTION set_config FROM PUBLIC (crow''s migration does, where it may)'
FROM reach AS r
WHERE NOT r.rolsuper
  AND pg_catalog.has_function_privilege(r.oid, 'pg_catalog.set_config(text, text, boolean)'::pg_catalog.regprocedure, 'EXECUTE')

-- B10 high
-- What runs SQL inside an expression, sees or stops others' sessions, or keeps data where no policy applies.
SELECT 'functions ' || door.family,
  pg_catalog.format('%s executable by %s: %s', CASE pg_catalog.count(*) WHEN 1 THEN 'one is' ELSE pg_catalog.count(*) || ' are' END,
    me.name, pg_catalog.string_agg(door.signature, ', ' ORDER BY door.signature)),
  pg_catalog.format('as superuser: REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC, %I',
    pg_catalog.string_agg(door.signature, ', ' ORDER BY door.signature), me.name)
FROM me, (
  SELECT p.oid, pg_catalog.format('pg_catalog.%I(%s)', p.proname, pg_catalog.oidvectortypes(p.proargtypes)) AS signature,
    CASE
      WHEN p.proname ~ '^lo' THEN 'of large objects'
      WHEN p.proname ~ '_to_xml' THEN 'that run SQL: *_to_xml'
      WHEN p.proname ~ '^ts_' THEN 'that run SQL: ts_stat, ts_rewrite'
      WHEN p.proname = 'pg_notify' THEN 'that send: pg_notify'
      ELSE 'on other sessions' END AS family
  FROM pg_catalog.pg_proc AS p
  WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
    AND (p.proname ~ '^(lo_.*|loread|lowrite|(query|cursor|table|schema|database)_to_xml.*|ts_stat)$'
      OR p.proname IN ('pg_notify', 'pg_cancel_backend', 'pg_terminate_backend', 'pg_stat_get_activity',
        'pg_stat_get_backend_activity')
      OR p.oid = 'pg_catalog.ts_rewrite(tsquery, text)'::pg_catalog.regprocedure)) AS door
WHERE NOT me.rolsuper
  AND EXISTS (SELECT FROM reach AS r WHERE pg_catalog.has_function_privilege(r.oid, door.oid, 'EXECUTE'))
GROUP BY door.family, me.name

-- B11 medium
-- Statistics hold values of all tenants, activity the statements that they are running.
SELECT 'view ' || v.name, 'is readable by ' || me.name, pg_catalog.format('as superuser: REVOKE SELECT ON %s FROM PUBLIC, %I', v.name, me.name)
FROM me, (
  SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = 'pg_catalog' AND c.relname IN ('pg_stats', 'pg_stats_ext', 'pg_stats_ext_exprs', 'pg_stat_activity')
    OR c.relname = 'pg_stat_statements' AND c.relkind = 'v') AS v
WHERE NOT me.rolsuper AND EXISTS (SELECT FROM reach AS r WHERE pg_catalog.has_table_privilege(r.oid, v.oid, 'SELECT'))

-- B12 high
-- A connection or a language of another kind, on which none of this database's policies apply.
SELECT 'extension ' || e.extname, pg_catalog.format('has functions that %s can execute', me.name),
  pg_catalog.format('DROP EXTENSION %I, or REVOKE EXECUTE on its functions FROM PUBLIC', e.extname)
FROM me, pg_catalog.pg_extension AS e
WHERE e.extname IN ('dblink', 'tablefunc', 'xml2', 'adminpack', 'http', 'pg_net', 'pg_cron') AND NOT me.rolsuper
  AND EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d, reach AS r
    WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid AND d.deptype = 'e'
      AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND pg_catalog.has_function_privilege(r.oid, d.objid, 'EXECUTE'))
UNION ALL
SELECT DISTINCT 'server ' || s.srvname, pg_catalog.format('can be used by %s', r.rolname),
  pg_catalog.format('REVOKE USAGE ON FOREIGN SERVER %I FROM PUBLIC, %I', s.srvname, r.rolname)
FROM pg_catalog.pg_foreign_server AS s, reach AS r
WHERE NOT r.rolsuper AND pg_catalog.has_server_privilege(r.oid, s.oid, 'USAGE')
UNION ALL
SELECT DISTINCT 'foreign data wrapper ' || w.fdwname, pg_catalog.format('can be used by %s', r.rolname),
  pg_catalog.format('REVOKE USAGE ON FOREIGN DATA WRAPPER %I FROM PUBLIC, %I', w.fdwname, r.rolname)
FROM pg_catalog.pg_foreign_data_wrapper AS w, reach AS r
WHERE NOT r.rolsuper AND pg_catalog.has_foreign_data_wrapper_privilege(r.oid, w.oid, 'USAGE')
UNION ALL
SELECT pg_catalog.format('function %I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)),
  pg_catalog.format('is written in %s, which nothing confines, and %s can execute it', l.lanname, me.name),
  pg_catalog.format('REVOKE EXECUTE ON FUNCTION %I.%I(%s) FROM PUBLIC, %I', n.nspname, p.proname,
    pg_catalog.oidvectortypes(p.proargtypes), me.name)
FROM me, pg_catalog.pg_language AS l
JOIN pg_catalog.pg_proc AS p ON p.prolang = l.oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE NOT l.lanpltrusted AND l.lanname NOT IN ('internal', 'c') AND NOT me.rolsuper
  AND EXISTS (SELECT FROM reach AS r WHERE pg_catalog.has_function_privilege(r.oid, p.oid, 'EXECUTE'))

-- B13 critical
-- The application speaks to another server as somebody else, past every policy of that one too.
SELECT pg_catalog.format('user mapping on server %s', u.srvname), pg_catalog.format('is for %s', coalesce(r.rolname, 'PUBLIC')),
  pg_catalog.format('DROP USER MAPPING FOR %s SERVER %I', coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC'), u.srvname)
FROM pg_catalog.pg_user_mappings AS u LEFT JOIN reach AS r ON r.oid = u.umuser
WHERE (u.umuser = 0 OR r.oid IS NOT NULL) AND r.rolsuper IS NOT TRUE
