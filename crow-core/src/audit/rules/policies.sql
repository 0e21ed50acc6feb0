-- C1 critical pool
-- Without it any other policy that somebody adds opens the table; it is what holds against that.
SELECT object, 'lacks the restrictive policy tenant_isolation, FOR ALL TO PUBLIC',
  pg_catalog.format('SELECT crow.protect(%L)', name)
FROM tenant_table
WHERE (relrowsecurity OR oid IN (SELECT oid FROM policy))
  AND oid NOT IN (SELECT oid FROM policy WHERE canonical AND NOT permissive)

-- C2 critical pool
-- Policies of one kind are ORed: what this one lets through is let through.
SELECT object, pg_catalog.format('policy %I is not crow''s', name),
  pg_catalog.format('DROP POLICY %I ON %s; SELECT crow.protect(%L)', name, on_table, on_table)
FROM policy WHERE canonical IS NOT TRUE

-- C3 medium
-- A role that is made tomorrow falls through it, and plans that are cached differ from role to role.
SELECT object, pg_catalog.format('policy %I is bound to roles', name),
  pg_catalog.format('DROP POLICY %I ON %s; SELECT crow.protect(%L)', name, on_table, on_table)
FROM policy WHERE roles <> ARRAY[0::pg_catalog.oid]

-- C4 high
-- Literally true: the policy lets every row through, or every row be written.
SELECT object, pg_catalog.format('policy %I has USING or WITH CHECK (true)', name),
  pg_catalog.format('DROP POLICY %I ON %s; SELECT crow.protect(%L)', name, on_table, on_table)
FROM policy WHERE allows = 'true' OR accepts = 'true'

-- C5 medium
-- What no permissive policy allows is denied: the statement finds no row, and no error says why.
SELECT t.object, 'has no permissive policy for ' || pg_catalog.string_agg(c.name, ', ' ORDER BY c.name),
  pg_catalog.format('SELECT crow.protect(%L)', t.name)
FROM tenant_table AS t
CROSS JOIN (VALUES ('r'::"char", 'SELECT'), ('a', 'INSERT'), ('w', 'UPDATE'), ('d', 'DELETE')) AS c (command, name)
WHERE t.relrowsecurity
  AND t.oid NOT IN (SELECT oid FROM policy WHERE permissive AND command = '*')
  AND (t.oid, c.command) NOT IN (SELECT oid, command FROM policy WHERE permissive)
GROUP BY t.object, t.name

-- C6 high pool
-- Immutable, it is planned once and shows the first tenant's rows to the next; a body that is text means what the caller's
-- search_path makes of it; volatile or parallel unsafe, it runs for each row.
SELECT DISTINCT CASE n.nspname WHEN 'crow' THEN 'crow.' || p.proname ELSE pg_catalog.format('function %I.%I', n.nspname, p.proname) END
    || pg_catalog.format('(%s)', pg_catalog.oidvectortypes(p.proargtypes)),
  'is used by policies, and ' || pg_catalog.concat_ws(', ',
    CASE p.provolatile WHEN 'i' THEN 'is IMMUTABLE' WHEN 'v' THEN 'is VOLATILE' END,
    CASE WHEN p.proparallel = 'u' THEN 'is PARALLEL UNSAFE' END,
    CASE WHEN pinned.body IS NOT TRUE THEN 'has a body of text without a fixed search_path' END),
  CASE n.nspname WHEN 'crow' THEN 'run crow''s migration again'
    ELSE 'make it STABLE PARALLEL SAFE with a body of RETURN or BEGIN ATOMIC, or use crow''s policies alone' END
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
CROSS JOIN LATERAL (
  SELECT p.prosqlbody IS NOT NULL OR p.prolang IN (12, 13)
    OR EXISTS (SELECT FROM pg_catalog.unnest(p.proconfig) AS s WHERE s LIKE 'search_path=%')
    -- crow's own qualifies every name.
    OR n.nspname = 'crow' AND (p.proname::text, p.prosrc) IN (SELECT name, body FROM unnest($6::text[], $7::text[]) AS o (name, body))
    AS body) AS pinned
WHERE (p.provolatile <> 's' OR p.proparallel = 'u' OR pinned.body IS NOT TRUE)
  AND (p.oid IN (SELECT oid FROM fn WHERE name = 'current_tenant' AND arguments = '')
    OR p.oid IN (
      SELECT d.refobjid FROM pg_catalog.pg_depend AS d
      WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = ANY (ARRAY(SELECT policy FROM policy))
        AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass))
