-- The world as it is commonly protected: a policy over a plain setting, FORCE, GRANT ALL, keys without the tenant, and an
-- application that can become the admin.
DO $$ BEGIN
  CREATE ROLE crow_naive_app LOGIN IN ROLE crow_admin;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL; -- Roles belong to the cluster, where this world was built before.
END $$;
DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['doc', 'note', 'tally', 'event'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY p ON %I USING (tenant_id = current_setting(''app.current_tenant'')::uuid)', t);
  END LOOP;
END $$;
GRANT ALL ON ALL TABLES IN SCHEMA public TO crow_app, crow_naive_app, crow_admin;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO crow_app, crow_naive_app, crow_admin;
GRANT CREATE ON SCHEMA public TO crow_app, crow_naive_app;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO crow_app, crow_naive_app;
-- Tables with less than that.
CREATE TABLE plain AS SELECT * FROM doc;
GRANT ALL ON plain TO crow_app;
CREATE TABLE percmd AS SELECT * FROM doc;
ALTER TABLE percmd ENABLE ROW LEVEL SECURITY;
CREATE POLICY s ON percmd FOR SELECT USING (tenant_id = current_setting('app.current_tenant')::uuid);
CREATE POLICY u ON percmd FOR UPDATE USING (true);
CREATE POLICY d ON percmd FOR DELETE USING (true);
GRANT ALL ON percmd TO crow_app;
CREATE TABLE unforced AS SELECT * FROM doc;
ALTER TABLE unforced ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON unforced USING (tenant_id = current_setting('app.current_tenant')::uuid);
ALTER TABLE unforced OWNER TO crow_naive_app;
-- The two forms that crow.enter must not have: names left to the caller's search_path, and a float as the stamp.
CREATE FUNCTION enter_unqualified(tenant uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF coalesce(current_setting('app.current_tenant', true), '') <> '' AND current_setting('app.current_tenant', true) <> tenant::pg_catalog.text THEN RAISE EXCEPTION 'other tenant'; END IF;
  PERFORM set_config('app.current_tenant', tenant::pg_catalog.text, true);
END $$;
CREATE FUNCTION enter_float(tenant uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  PERFORM set_config('crow.scope', tenant || '@' || date_part('epoch', now())::text, true);
END $$;
CREATE FUNCTION tenant_float() RETURNS uuid LANGUAGE sql STABLE
RETURN CASE WHEN substr(current_setting('crow.scope', true), 38) = date_part('epoch', now())::text THEN substr(current_setting('crow.scope', true), 1, 36)::uuid END;
