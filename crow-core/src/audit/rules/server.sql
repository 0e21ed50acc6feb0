-- F1 high
-- A release before the last fixes of row-level security: errors, upserts and dropped roles show other tenants' rows.
SELECT 'server', pg_catalog.format('is PostgreSQL %s', pg_catalog.current_setting('server_version')),
  pg_catalog.format('update to %s.%s or later', floor / 10000, floor % 10000)
FROM pg_catalog.current_setting('server_version_num') AS v (number), pg_catalog.unnest($5::int[]) AS floor
WHERE v.number::int / 10000 = floor / 10000 AND v.number::int < floor
