-- E1 critical pool
-- The view's owner reads in place of the caller, and the policies apply to that role, or to none.
SELECT l.object,
  CASE WHEN l.via = l.view THEN pg_catalog.format('reads %s with its owner''s rights', l.base)
    ELSE pg_catalog.format('reads %s through %s, with that view''s owner''s rights', l.base, l.through) END,
  pg_catalog.format('ALTER VIEW %s SET (security_invoker = true, security_barrier = true)', l.through)
FROM reading AS l WHERE l.kind = 'v' AND NOT l.invoker

-- E1 high
-- A function in a query's WHERE may see rows that the view's own conditions leave out.
SELECT DISTINCT l.object, 'has no security_barrier', pg_catalog.format('ALTER VIEW %s SET (security_barrier = true)', l.through)
FROM reading AS l WHERE l.kind = 'v' AND l.invoker AND l.via = l.view AND NOT l.barrier

-- E2 critical pool
-- Rows of all tenants where no policy can be put.
SELECT DISTINCT v.object, CASE v.relkind
    WHEN 'm' THEN 'keeps tenants'' rows where row-level security cannot guard them'
    ELSE 'leads to tenants'' rows past row-level security' END,
  pg_catalog.format('REVOKE ALL ON %s FROM PUBLIC, %I', v.name, me.name)
FROM me, relation AS v
WHERE v.reachable AND NOT me.rolsuper
  AND (v.relkind IN ('m', 'f') AND v.of_tenants OR v.relkind = 'm' AND EXISTS (SELECT FROM reading AS l WHERE l.view = v.oid))

-- E3 critical pool
-- Whoever calls it does what it does to the rows of every tenant, within a scope and without one.
SELECT f.kind || ' ' || f.name,
  pg_catalog.format('runs for %s as %s, who bypasses row-level security and has rights on tenants'' tables', me.name, f.owner_name),
  pg_catalog.format('ALTER %1$s %2$s OWNER TO crow_owner, whom the policies bind; or REVOKE EXECUTE ON %1$s %2$s FROM PUBLIC, %3$I; '
    'or, if every tenant may have what it tells: COMMENT ON %1$s %2$s IS ''crow: across tenants''',
    pg_catalog.upper(f.kind), f.name, me.name)
FROM me, lent AS f WHERE f.opens

-- E3 high pool
-- It runs with its owner's rights for whoever calls it: past the policies, or with what the caller's search_path puts in its way.
SELECT f.kind || ' ' || f.name,
  pg_catalog.format('runs as %s for %s, %s', f.owner_name, me.name,
    CASE WHEN past THEN 'who bypasses row-level security' ELSE 'without a fixed search_path' END),
  pg_catalog.format(CASE WHEN past THEN 'ALTER %1$s %2$s OWNER TO crow_owner'
      ELSE 'ALTER %1$s %2$s SET search_path = pg_catalog, pg_temp' END
    || ', or REVOKE EXECUTE ON %1$s %2$s FROM PUBLIC, %3$I', pg_catalog.upper(f.kind), f.name, me.name)
FROM me, lent AS f, LATERAL (SELECT f.bypasses AND NOT f.said_across) AS run (past)
-- crow's own qualify every name in place of a clause, and S8 tells whether they are crow's.
WHERE NOT f.opens AND (past OR NOT f.pinned AND NOT f.installed)

-- E4 high
-- What the trigger does is bound by no tenant's policy, or is for the application to rewrite.
SELECT t.object, pg_catalog.format('trigger %I runs %I.%I, %s', g.tgname, n.nspname, p.proname,
    CASE WHEN f.bypasses THEN 'as a role that bypasses row-level security' ELSE 'which belongs to the application' END),
  pg_catalog.format('ALTER FUNCTION %I.%I() OWNER TO crow_owner', n.nspname, p.proname)
FROM family AS t
JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal
JOIN pg_catalog.pg_proc AS p ON p.oid = g.tgfoid
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
LEFT JOIN routine AS f ON f.oid = p.oid
WHERE f.bypasses OR p.proowner IN (SELECT oid FROM reach WHERE NOT rolsuper)

-- E5 high
-- A rule rewrites statements into others, which run with the rights of the table's owner.
SELECT t.object, pg_catalog.format('has the rewrite rule %I', w.rulename),
  pg_catalog.format('DROP RULE %I ON %s; a trigger does the same within the policies', w.rulename, t.name)
FROM family AS t JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = t.oid

-- E6 high
-- It is trusted to see rows before the policies have sorted them out.
SELECT pg_catalog.format('function %I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)), 'is marked LEAKPROOF',
  pg_catalog.format('ALTER FUNCTION %I.%I(%s) NOT LEAKPROOF', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes))
FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE p.proleakproof AND p.oid >= 16384

-- E7 high
-- PostgreSQL does not call this function leakproof; by an error or a side effect it tells what it is given.
SELECT pg_catalog.format('function pg_catalog.%I(%s)', p.proname, pg_catalog.oidvectortypes(p.proargtypes)),
  'is built in, and has been marked LEAKPROOF by hand',
  pg_catalog.format('ALTER FUNCTION pg_catalog.%I(%s) NOT LEAKPROOF', p.proname, pg_catalog.oidvectortypes(p.proargtypes))
FROM pg_catalog.pg_proc AS p
-- What initdb made carries the first of all transactions; a row that was touched since carries a later one.
WHERE p.proleakproof AND p.oid < 16384 AND p.xmin <> '1'::pg_catalog.xid
  AND EXISTS (SELECT FROM pg_catalog.pg_proc AS q WHERE q.oid = 'pg_catalog.uuid_ne'::pg_catalog.regproc AND q.xmin = '1'::pg_catalog.xid)

-- E8 medium
-- Publications know no policies: whoever subscribes is sent the rows of all tenants.
SELECT 'publication ' || pg_catalog.quote_ident(p.pubname), 'publishes ' || what.name || ' without a row filter',
  pg_catalog.format('name the tables and their rows: ALTER PUBLICATION %I SET TABLE .. WHERE (..)', p.pubname)
FROM pg_catalog.pg_publication AS p
CROSS JOIN LATERAL (
  SELECT 'all tables' WHERE p.puballtables AND EXISTS (SELECT FROM tenant_table)
  UNION ALL
  SELECT t.name FROM pg_catalog.pg_publication_rel AS r JOIN family AS t ON t.oid = r.prrelid
  WHERE r.prpubid = p.oid AND r.prqual IS NULL
  UNION ALL
  SELECT DISTINCT 'schema ' || pg_catalog.quote_ident(t.nspname)
  FROM pg_catalog.pg_publication_namespace AS s JOIN pg_catalog.pg_namespace AS n ON n.oid = s.pnnspid
  JOIN tenant_table AS t ON t.nspname = n.nspname
  WHERE s.pnpubid = p.oid) AS what (name)

-- E9 medium
-- Replication reads every row of every tenant.
SELECT 'role ' || rolname, 'has REPLICATION', pg_catalog.format('ALTER ROLE %I NOREPLICATION, unless it is the replicator', rolname)
FROM pg_catalog.pg_roles WHERE rolreplication AND NOT rolsuper AND rolcanlogin AND oid NOT IN (SELECT oid FROM me)

-- E10 high
-- Views, functions and foreign keys that run as the owner are bound by no policy, forced or not.
SELECT t.object, pg_catalog.format('belongs to %s, who bypasses row-level security', r.rolname),
  pg_catalog.format('SELECT crow.protect(%L): it gives the table to crow_owner', t.name)
FROM tenant_table AS t JOIN pg_catalog.pg_roles AS r ON r.oid = t.owner
WHERE t.relrowsecurity AND (r.rolsuper OR r.rolbypassrls)

-- E11 info
-- A table that somebody forgets to protect is found by the next audit, not when it is made.
SELECT 'database ' || pg_catalog.quote_ident(pg_catalog.current_database()), 'has no event trigger that guards CREATE TABLE',
  'as superuser, run crow''s guard (GUARD_SQL, or guard.sql), or audit after each migration'
WHERE NOT EXISTS (
  SELECT FROM pg_catalog.pg_event_trigger AS g
  JOIN pg_catalog.pg_proc AS p ON p.oid = g.evtfoid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname = 'crow_guard'
  WHERE g.evtevent = 'ddl_command_end' AND g.evtenabled IN ('O', 'A') AND (g.evttags IS NULL OR 'CREATE TABLE' = ANY (g.evttags)))
