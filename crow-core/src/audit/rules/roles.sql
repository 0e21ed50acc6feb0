-- A1 critical pool
-- Row-level security does not bind this role, or it can make itself one that is not bound.
SELECT 'role ' || me.name, 'has ' || held.attributes,
  pg_catalog.format('connect as crow_app, or ALTER ROLE %I NO%s', me.name, pg_catalog.replace(held.attributes, ', ', ' NO'))
FROM me, LATERAL (
  SELECT pg_catalog.concat_ws(', ', CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
    CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
    CASE WHEN rolcreatedb THEN 'CREATEDB' END) AS attributes) AS held
WHERE held.attributes <> ''

-- A1 high admin
-- A superuser can take its accesses out of the record.
SELECT 'role ' || name, 'is a superuser, which can change the access log', 'connect as crow_admin'
FROM admin WHERE rolsuper

-- A2 critical pool
-- One SET ROLE, and no policy applies.
SELECT 'role ' || me.name, pg_catalog.format('can become %s, which stands above row-level security', r.rolname),
  pg_catalog.format('connect as crow_app, or REVOKE %I FROM %I', r.rolname, me.name)
FROM me, reach AS r
WHERE r.oid <> me.oid AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolreplication OR r.rolcreatedb)

-- A3 critical pool
-- An owner drops policies and switches row-level security off: one injected ALTER TABLE opens every tenant.
SELECT what, pg_catalog.format('belongs to %s, so %s can switch its protection off', r.rolname, me.name),
  CASE
    WHEN r.oid <> me.oid THEN pg_catalog.format('connect as crow_app, or REVOKE %I FROM %I', r.rolname, me.name)
    WHEN what = 'schema crow' THEN 'as superuser, ALTER .. OWNER TO crow_owner for it and all that it holds'
    ELSE pg_catalog.format('as superuser, SELECT crow.protect(%L): it gives the table to crow_owner', relation_name)
  END
FROM me, reach AS r, LATERAL (
  SELECT object, name FROM relation WHERE owner = r.oid AND of_tenants
  UNION ALL
  SELECT 'schema crow', NULL FROM pg_catalog.pg_namespace
  WHERE nspname = 'crow' AND (nspowner = r.oid OR EXISTS (SELECT FROM fn WHERE fn.owner = r.oid))) AS owned (what, relation_name)
WHERE NOT r.rolsuper

-- A3 critical
-- Who owns a relation puts triggers, rules and defaults on it, which then run as whoever touches it: the admin, for one.
SELECT t.object, pg_catalog.format('belongs to %s, which is within the reach of %s', r.rolname, me.name),
  CASE WHEN r.oid <> me.oid THEN pg_catalog.format('REVOKE %I FROM %I', r.rolname, me.name)
    ELSE pg_catalog.format('ALTER TABLE %s OWNER TO crow_owner', t.name) END
FROM me, reach AS r JOIN relation AS t ON t.owner = r.oid
WHERE NOT r.rolsuper AND NOT t.of_tenants

-- A4 high
-- Predefined roles read and do what no grant on a table shows.
SELECT 'role ' || me.name, pg_catalog.format('is a member of the predefined role %s', r.rolname),
  CASE r.rolname WHEN 'pg_database_owner' THEN pg_catalog.format('ALTER DATABASE %I OWNER TO crow_owner', pg_catalog.current_database())
    ELSE pg_catalog.format('REVOKE %I FROM %I', r.rolname, me.name) END
FROM me, reach AS r WHERE r.rolname LIKE 'pg\_%' AND NOT me.rolsuper

-- A5 critical pool
-- RESET ROLE, which any injected statement can run, gives back the rights that the login had.
SELECT 'role ' || session_user,
  pg_catalog.format('logged in and became %s: RESET ROLE leads back', me.name), 'log in as ' || me.name || ' itself'
FROM me WHERE me.name = current_user AND session_user <> current_user AND coalesce($3::text, '') = ''

-- A5 high
-- A pool that logs in as the stronger role and becomes the application is one RESET ROLE away from going back.
SELECT 'role ' || s.rolname, pg_catalog.format('is stronger than %s and can become it by SET ROLE', me.name),
  pg_catalog.format('REVOKE %I FROM %I, and log in as %1$I itself', me.name, s.rolname)
FROM me
CROSS JOIN LATERAL (
  WITH RECURSIVE m (oid) AS (
    SELECT me.oid
    UNION
    -- Without SET, which PostgreSQL has from 16 on, a member does not become the role.
    SELECT a.member FROM m JOIN pg_catalog.pg_auth_members AS a ON a.roleid = m.oid
    WHERE coalesce((pg_catalog.to_jsonb(a) ->> 'set_option')::boolean, true))
  SELECT r.* FROM m JOIN pg_catalog.pg_roles AS r ON r.oid = m.oid AND r.oid <> me.oid) AS s
WHERE NOT me.rolsuper AND s.rolcanlogin AND (s.rolsuper OR s.rolbypassrls OR s.rolcreaterole OR s.rolreplication
  OR EXISTS (SELECT FROM tenant_table AS t WHERE pg_catalog.pg_has_role(s.oid, t.owner, 'MEMBER')))

-- A6 high
-- A setting of the role or the database is in force before the first statement, and again after RESET ALL.
SELECT CASE WHEN s.setrole = 0 THEN 'database ' || pg_catalog.current_database() ELSE 'role ' || r.rolname END,
  pg_catalog.format('sets %s', pg_catalog.split_part(setting, '=', 1)),
  pg_catalog.format(CASE WHEN s.setrole = 0 THEN 'ALTER DATABASE %1$I RESET %3$s'
    WHEN s.setdatabase = 0 THEN 'ALTER ROLE %2$I RESET %3$s' ELSE 'ALTER ROLE %2$I IN DATABASE %1$I RESET %3$s' END,
    pg_catalog.current_database(), r.rolname, pg_catalog.split_part(setting, '=', 1))
FROM pg_catalog.pg_db_role_setting AS s
CROSS JOIN pg_catalog.unnest(s.setconfig) AS setting
LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
WHERE (s.setrole = 0 OR s.setrole = (SELECT oid FROM me) OR s.setrole = (SELECT oid FROM admin))
  AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
  AND pg_catalog.lower(pg_catalog.split_part(setting, '=', 1)) IN ('app.current_tenant', 'crow.scope', 'crow.access',
    'search_path', 'row_security', 'session_replication_role', 'role', 'session_authorization', 'local_preload_libraries',
    'session_preload_libraries', 'lo_compat_privileges', 'allow_system_table_mods')

-- A7 high
-- The right to a parameter is the right to make it a default, or to switch off triggers and with them foreign keys.
SELECT 'parameter ' || p.parname,
  pg_catalog.format('%s is granted to %s', a.privilege_type, coalesce(r.rolname, 'PUBLIC')),
  pg_catalog.format('REVOKE %s ON PARAMETER %s FROM %s', a.privilege_type, p.parname,
    coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC'))
FROM pg_catalog.pg_parameter_acl AS p
CROSS JOIN pg_catalog.aclexplode(p.paracl) AS a
LEFT JOIN reach AS r ON r.oid = a.grantee
WHERE (a.grantee = 0 OR r.oid IS NOT NULL) AND r.rolsuper IS NOT TRUE
  AND pg_catalog.lower(p.parname) IN ('app.current_tenant', 'crow.scope', 'crow.access', 'session_replication_role',
    'row_security', 'lo_compat_privileges', 'allow_system_table_mods', 'session_preload_libraries')
