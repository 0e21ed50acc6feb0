-- As the superuser: SHOPS shops with VEHICLES vehicles each, in crow's table and in those of the other ways.
INSERT INTO shops (slug, name) SELECT 'shop-' || n, 'Shop ' || n FROM generate_series(1, SHOPS) AS n;

-- The rows of a shop lie scattered, as they do when all shops work at the same time.
INSERT INTO vehicles (tenant_id, make, model, year, plate)
SELECT shops.id, 'Honda', 'Civic', 1990 + n % 30, 'S-' || n
FROM generate_series(1, VEHICLES) AS n, shops ORDER BY n, shops.id;

-- The same table without a policy.
CREATE SCHEMA load_where;
CREATE TABLE load_where.vehicles (LIKE vehicles INCLUDING ALL);

-- And with the policy that is commonly written.
CREATE SCHEMA load_steps;
CREATE TABLE load_steps.vehicles (LIKE vehicles INCLUDING ALL);
ALTER TABLE load_steps.vehicles ENABLE ROW LEVEL SECURITY;
ALTER TABLE load_steps.vehicles FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON load_steps.vehicles
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
GRANT EXECUTE ON FUNCTION set_config TO load_steps;

INSERT INTO load_where.vehicles SELECT * FROM vehicles;
INSERT INTO load_steps.vehicles SELECT * FROM vehicles;
GRANT USAGE ON SCHEMA load_where TO load_where;
GRANT USAGE ON SCHEMA load_steps TO load_steps;
GRANT SELECT, INSERT ON load_where.vehicles TO load_where;
GRANT SELECT, INSERT ON load_steps.vehicles TO load_steps;
ALTER ROLE load_where SET search_path = load_where;
ALTER ROLE load_steps SET search_path = load_steps;
