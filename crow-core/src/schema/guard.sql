-- Refuses the COMMIT of a transaction that creates a table with a column tenant_id and does not protect it. A superuser
-- runs this once per database; it is not part of the installation, for only superusers may have event triggers.
-- Everything in it is the superuser's: what runs at each CREATE TABLE must not be what a migrator can rewrite.
-- Statements are separated by blank lines and contain none, so that they can be sent one by one.
DO $$
DECLARE
  squatter pg_catalog.name;
BEGIN
  IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) current_user) THEN
    RAISE EXCEPTION 'the guard needs an event trigger, and % is no superuser', current_user
      USING ERRCODE = 'insufficient_privilege', HINT = 'crow protects without it; the audit finds what nobody protected.';
  END IF;
  SELECT pg_catalog.pg_get_userbyid(nspowner) INTO squatter FROM pg_catalog.pg_namespace JOIN pg_catalog.pg_roles AS r
    ON r.oid OPERATOR(pg_catalog.=) nspowner WHERE nspname OPERATOR(pg_catalog.=) 'crow_guard' AND NOT rolsuper;
  IF squatter IS NOT NULL THEN
    RAISE EXCEPTION 'schema crow_guard is taken: it belongs to %', squatter USING ERRCODE = 'duplicate_schema';
  END IF;
END $$;

CREATE SCHEMA IF NOT EXISTS crow_guard;

REVOKE ALL ON SCHEMA crow_guard FROM PUBLIC;

-- Tables that this transaction has created; empty otherwise.
CREATE TABLE IF NOT EXISTS crow_guard.created (relation pg_catalog.oid NOT NULL);

-- Notes what was created. What is protected by then is not known: the migration goes on.
CREATE OR REPLACE FUNCTION crow_guard.note() RETURNS pg_catalog.event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO crow_guard.created
  SELECT objid FROM pg_event_trigger_ddl_commands()
  WHERE object_type = 'table' AND schema_name NOT IN ('crow', 'crow_guard', 'pg_temp') AND NOT in_extension;
END $$;

-- Runs at COMMIT.
CREATE OR REPLACE FUNCTION crow_guard.check() RETURNS pg_catalog.trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  printed CONSTANT text := '(tenant_id = ( SELECT crow.current_tenant() AS current_tenant))';
  relation pg_class;
BEGIN
  DELETE FROM crow_guard.created WHERE created.relation = NEW.relation;
  SELECT c.* INTO relation FROM pg_class AS c JOIN pg_attribute AS a ON attrelid = c.oid AND attname = 'tenant_id'
  WHERE c.oid = NEW.relation AND relpersistence <> 't' AND NOT attisdropped;
  IF FOUND AND NOT (relation.relrowsecurity AND relation.relforcerowsecurity
    AND 2 = (
      SELECT count(*) FROM pg_policy
      WHERE polrelid = relation.oid AND polpermissive = (polname = 'tenant_access')
        AND polname IN ('tenant_access', 'tenant_isolation') AND polcmd = '*' AND polroles = ARRAY[0::oid]
        AND pg_get_expr(polqual, polrelid) = printed AND pg_get_expr(polwithcheck, polrelid) = printed))
  THEN
    RAISE EXCEPTION 'table % has a column tenant_id and is not protected', relation.oid::regclass
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'crow.unprotected',
        HINT = 'In the transaction that creates it, SELECT crow.protect(..) the table, or that which it is a partition of.';
  END IF;
  RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION crow_guard.note(), crow_guard.check() FROM PUBLIC;

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid OPERATOR(pg_catalog.=) 'crow_guard.created'::pg_catalog.regclass) THEN
    CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON crow_guard.created DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION crow_guard.check();
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtname OPERATOR(pg_catalog.=) 'crow_guard') THEN
    CREATE EVENT TRIGGER crow_guard ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO')
      EXECUTE FUNCTION crow_guard.note();
  END IF;
END $$;
