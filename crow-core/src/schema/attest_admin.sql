-- What keeps this role from being the admin's. No row: nothing found. Columns as in attest.sql.
WITH me AS MATERIALIZED (
  SELECT oid, rolname AS name, rolsuper, rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user
), recorder AS MATERIALIZED (
  SELECT p.oid FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
  WHERE n.nspname = 'crow' AND p.proname = 'record_access'
), version AS MATERIALIZED (
  SELECT p.oid, pg_catalog.pg_get_function_sqlbody(p.oid) AS body
  FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
  WHERE n.nspname = 'crow' AND p.proname = 'version' AND p.pronargs = 0
), finding (rule, severity, object, problem, cure) AS (
  SELECT 'S1', 'critical', 'schema crow', 'is not installed in database ' || pg_catalog.current_database(),
    'run crow''s migration (CrowMigrations, or install.sql) here first'
  WHERE NOT EXISTS (SELECT FROM version)
  UNION ALL
  SELECT 'S1', 'critical', 'schema crow',
    pg_catalog.format('is of another version: crow.version() says %s, this crow needs RETURN 1', coalesce(body, 'nothing readable')),
    'run the migration of the crow in use; it upgrades in place'
  FROM version WHERE body IS DISTINCT FROM 'RETURN 1'
  UNION ALL
  SELECT 'S5', 'critical', 'crow.record_access', 'is missing', 'run crow''s migration again'
  WHERE EXISTS (SELECT FROM version) AND NOT EXISTS (SELECT FROM recorder)
  UNION ALL
  SELECT 'S5', 'critical', 'role ' || me.name, 'cannot record its accesses',
    pg_catalog.format('connect as crow_admin, or GRANT EXECUTE ON FUNCTION crow.record_access TO %I', me.name)
  FROM me, recorder
  WHERE NOT (pg_catalog.has_function_privilege(me.oid, recorder.oid, 'EXECUTE')
    AND pg_catalog.has_schema_privilege(me.oid, (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'crow'), 'USAGE'))
  UNION ALL
  SELECT 'S6', 'critical', 'role ' || me.name, 'does not see across tenants: row-level security applies to it',
    pg_catalog.format('connect as crow_admin, or ALTER ROLE %I BYPASSRLS', me.name)
  FROM me WHERE NOT me.rolbypassrls AND NOT me.rolsuper
  UNION ALL
  SELECT 'S7', 'critical', 'role ' || me.name, pg_catalog.format('acts for %s, so it can change the access log', o.rolname),
    pg_catalog.format('connect as crow_admin, or REVOKE %I FROM %I', o.rolname, me.name)
  FROM me
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = 'crow'
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = 'access_log'
  JOIN pg_catalog.pg_roles AS o ON o.oid IN (c.relowner, n.nspowner)
  WHERE NOT me.rolsuper AND pg_catalog.pg_has_role(me.oid, o.oid, 'MEMBER')
  UNION ALL
  SELECT 'A1', 'high', 'role ' || me.name, 'is a superuser, which can change the access log',
    'connect as crow_admin'
  FROM me WHERE me.rolsuper
)
SELECT rule, severity, object, problem, cure FROM finding ORDER BY severity, rule, object
