-- What is usually written: one policy that compares with a setting, which a function sets for the transaction.
CREATE OR REPLACE FUNCTION crow.current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('app.current_tenant', true), '')::uuid;

CREATE OR REPLACE FUNCTION crow.enter(tenant uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('app.current_tenant', tenant::text, true);
END $$;

GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO PUBLIC;

DO $$
DECLARE
  t regclass;
BEGIN
  FOR t IN
    SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('crow', 'crow_guard', 'pg_catalog', 'information_schema')
      AND c.relpersistence <> 't'
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY usual ON %s USING (tenant_id::text = current_setting(''app.current_tenant'', true))', t);
  END LOOP;
END $$;
