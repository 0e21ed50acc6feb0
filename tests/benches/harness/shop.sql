-- As the superuser; ROWS is a number.
SET session_replication_role = replica;

CREATE TEMPORARY TABLE tenants AS
SELECT n, gen_random_uuid() AS id FROM generate_series(0, 999) AS n;

-- The rows of a tenant lie scattered, as they do when all tenants work at the same time.
INSERT INTO vehicles (tenant_id, id, make, model, year, plate)
SELECT tenants.id, gen_random_uuid(), 'Honda', 'Civic', 1990 + n.n % 30, 'plate ' || n.n
FROM generate_series(1, ROWS) AS n JOIN tenants ON tenants.n = n.n % 1000 ORDER BY n.n;

RESET session_replication_role;

CREATE TABLE unscoped_vehicles (LIKE vehicles INCLUDING CONSTRAINTS INCLUDING INDEXES);
INSERT INTO unscoped_vehicles SELECT * FROM vehicles;
GRANT SELECT ON unscoped_vehicles TO bench_app;

CREATE TABLE set_vehicles (LIKE vehicles INCLUDING CONSTRAINTS INCLUDING INDEXES);
INSERT INTO set_vehicles SELECT * FROM vehicles;
ALTER TABLE set_vehicles ENABLE ROW LEVEL SECURITY;
ALTER TABLE set_vehicles FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON set_vehicles
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
GRANT SELECT ON set_vehicles TO bench_app;
GRANT USAGE ON SCHEMA public TO bench_app;
GRANT EXECUTE ON FUNCTION set_config TO bench_app;
