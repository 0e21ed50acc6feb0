-- Takes the crow schema out again, with its access log; copy that first if it has to be kept. Run it as the
-- role that installed. It refuses while anything still depends on crow, and gives back what was revoked.
DO $$
DECLARE
  path CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
  dependents pg_catalog.text;
BEGIN
  SET LOCAL search_path = pg_catalog, pg_temp;
  SELECT string_agg(DISTINCT
    relation::regclass::text, ', ') FILTER (WHERE relation IS NOT NULL) INTO dependents
  FROM pg_depend AS d
  JOIN pg_proc AS p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
  JOIN pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname = 'crow'
  LEFT JOIN pg_policy AS l ON d.classid = 'pg_policy'::regclass AND l.oid = d.objid
  LEFT JOIN pg_attrdef AS a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
  LEFT JOIN pg_trigger AS t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid,
  LATERAL (SELECT coalesce(polrelid, adrelid, tgrelid)) AS found (relation);
  IF dependents IS NOT NULL THEN
    RAISE EXCEPTION 'crow still protects these tables: %', dependents
      USING ERRCODE = 'dependent_objects_still_exist',
        HINT = 'Drop each of them, or give up its protection with SELECT crow.unprotect(..); then uninstall again.';
  END IF;
  PERFORM set_config('search_path', path, true);
END $$;

DO $$
DECLARE
  path CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
  door pg_catalog.record;
  item pg_catalog.text;
BEGIN
  IF pg_catalog.to_regclass('crow.hardening') IS NULL THEN
    RETURN;
  END IF;
  SET LOCAL search_path = pg_catalog, pg_temp;
  FOR door IN SELECT * FROM crow.hardening LOOP
    item := CASE door.kind WHEN 'DATABASE' THEN quote_ident(current_database()) ELSE door.object END;
    IF NOT (
      CASE door.kind
        WHEN 'FUNCTION' THEN (SELECT pg_has_role(proowner, 'USAGE') FROM pg_proc WHERE oid = to_regprocedure(door.object))
        WHEN 'TABLE' THEN (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass(door.object))
        WHEN 'SCHEMA' THEN (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = door.object)
        ELSE (SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database())
      END)
    THEN
      RAISE EXCEPTION '% cannot give % on % % back to PUBLIC', current_user, door.privilege, lower(door.kind), item
        USING ERRCODE = 'insufficient_privilege', HINT = 'Uninstall as the role that installed, or as a superuser.';
    END IF;
    EXECUTE format('GRANT %s ON %s %s TO PUBLIC', door.privilege, door.kind, item);
    EXECUTE format('REVOKE %s ON %s %s FROM %s', door.privilege, door.kind, item, door.keepers);
  END LOOP;
  PERFORM set_config('search_path', path, true);
END $$;

-- Grants on the database, on schemas and on diesel's ledger.
DO $$
DECLARE
  path CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
  held pg_catalog.record;
BEGIN
  SET LOCAL search_path = pg_catalog, pg_temp;
  FOR held IN
    SELECT DISTINCT kind, object, r.rolname AS role
    FROM (
      SELECT 'DATABASE', quote_ident(datname), datacl, datdba FROM pg_database WHERE datname = current_database()
      UNION ALL
      SELECT 'SCHEMA', quote_ident(nspname), nspacl, nspowner FROM pg_namespace WHERE nspname <> 'crow'
      UNION ALL
      SELECT 'TABLE', oid::regclass::text, relacl, relowner FROM pg_class WHERE relname = '__diesel_schema_migrations'
    ) AS o (kind, object, acl, owner), aclexplode(acl) AS a
    JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE r.rolname IN ('crow_owner', 'crow_migrator', 'crow_app', 'crow_admin', 'crow_open') AND a.grantee <> o.owner
  LOOP
    EXECUTE format('REVOKE ALL ON %s %s FROM %I', held.kind, held.object, held.role);
  END LOOP;
  PERFORM set_config('search_path', path, true);
END $$;

-- The guard, if a superuser has put one up; it is a superuser's to take down.
DROP EVENT TRIGGER IF EXISTS crow_guard;

DROP SCHEMA IF EXISTS crow_guard CASCADE;

DROP TABLE IF EXISTS crow.access_log, crow.hardening;

DROP DOMAIN IF EXISTS crow.tenant;

DROP FUNCTION IF EXISTS
  crow.enter_for(pg_catalog.uuid, pg_catalog.int8),
  crow.record_access(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.uuid, pg_catalog.timestamptz),
  crow.unprotect(pg_catalog.regclass), crow.protect(pg_catalog.regclass), crow.defects(pg_catalog.regclass),
  crow.family(pg_catalog.regclass), crow.enter(pg_catalog.uuid), crow.touch(), crow.current_tenant(), crow.version();

DROP SCHEMA IF EXISTS crow;

-- Roles that own something, or that another database of the cluster uses, stay.
DO $$
DECLARE
  role pg_catalog.text;
BEGIN
  FOREACH role IN ARRAY ARRAY['crow_open', 'crow_app', 'crow_admin', 'crow_migrator', 'crow_owner'] LOOP
    BEGIN
      EXECUTE pg_catalog.format('DROP ROLE IF EXISTS %I', role);
    EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
      RAISE NOTICE 'role % stays: %', role, SQLERRM;
    END;
  END LOOP;
END $$;
