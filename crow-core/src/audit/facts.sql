-- What the rules are about, read from the catalogs alone: it needs no right and answers where crow is not installed.
-- $1 text[]: the tenant tables of the models, $2 text[]: the shared ones; names as SQL spells them, quoted where need be.
-- $3 text: the application's role; '' for whoever asks, NULL for whoever asks if a crow_app, or else crow_app.
-- $4 text: the admin role; '' for whoever asks.
-- $5 int[]: the first minor release of each major that is good enough, as server_version_num spells it.
-- $9 text[]: the schemas in which names without one are looked up, in order; NULL for those of the session.
-- $6, $7, $8 text[]: name, body (NULL where it is parsed) and attributes of each function that crow installs.
-- $10 text[]: the table of each column of a model, spelt as in $1 and $2; $11 text[]: the column's name; $12 bool[]: whether
-- it is nullable; $13 oid[]: the number of its type; where each database has one of its own, $14 text[]: its name, $15 text[]:
-- its schema, if one is declared, and $16 bool[]: whether the column is an array of it.
-- Names are printed with their schema, whatever the search_path. What an expression prints does depend on it, what it
-- depends on does not; so neither is trusted alone.
WITH RECURSIVE me AS MATERIALIZED (
  SELECT oid, rolname AS name, rolsuper, rolbypassrls, rolcreaterole, rolreplication, rolcreatedb
  FROM pg_catalog.pg_roles
  WHERE rolname = CASE
    WHEN $3::text = '' THEN current_user
    WHEN $3::text IS NOT NULL THEN $3::text
    WHEN (SELECT NOT a.rolsuper AND pg_catalog.pg_has_role(a.oid, c.oid, 'USAGE')
      FROM pg_catalog.pg_roles AS a, pg_catalog.pg_roles AS c WHERE a.rolname = current_user AND c.rolname = 'crow_app')
    THEN current_user
    ELSE 'crow_app'
  END
), admin AS MATERIALIZED (
  SELECT oid, rolname AS name, rolsuper, rolbypassrls
  FROM pg_catalog.pg_roles WHERE rolname = CASE $4::text WHEN '' THEN current_user ELSE $4::text END
), reach AS MATERIALIZED (
  -- Every role whose rights are at hand, inherited or by SET ROLE. A superuser is a member of all.
  SELECT r.* FROM pg_catalog.pg_roles AS r, me
  WHERE r.oid = me.oid OR NOT me.rolsuper AND pg_catalog.pg_has_role(me.oid, r.oid, 'MEMBER')
), fn AS MATERIALIZED (
  SELECT p.oid, p.proname AS name, p.proowner AS owner, p.prosecdef, p.provolatile, p.prosrc, p.proconfig,
    p.prosqlbody IS NOT NULL AS standard_body, pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments
  FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname = 'crow'
), described AS MATERIALIZED (
  SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, c.relname, n.nspname, c.relkind,
    pg_catalog.format('%s %I.%I', CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
      WHEN 'f' THEN 'foreign table' ELSE 'table' END, n.nspname, c.relname) AS object,
    c.relowner AS owner, c.reloptions, c.relrowsecurity, c.relforcerowsecurity, a.attnum, a.atttypid, a.attnotnull,
    coalesce(o.description ~ '\mcrow: shared\M', false) AS said_shared,
    coalesce(o.description ~ '\mcrow: no model\M', false) AS said_no_model
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_attribute AS a
    ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_catalog.pg_description AS o
    ON o.objoid = c.oid AND o.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.objsubid = 0
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'crow', 'crow_guard')
), found AS MATERIALIZED (
  SELECT DISTINCT ON (d.relname) d.oid
  FROM described AS d JOIN pg_catalog.unnest($9::text[]) WITH ORDINALITY AS path (schema, place) ON d.nspname = path.schema
  ORDER BY d.relname, path.place
), registered AS MATERIALIZED (
  SELECT spelt, shared, d.oid, d.relkind, d.name, d.object, d.attnum AS tenant_column, d.oid IS NULL AS missing
  FROM (
    SELECT spelt, false AS shared, pg_catalog.parse_ident(spelt) AS part FROM pg_catalog.unnest($1::text[]) AS spelt
    UNION ALL
    SELECT spelt, true, pg_catalog.parse_ident(spelt) FROM pg_catalog.unnest($2::text[]) AS spelt
  ) AS model
  LEFT JOIN described AS d
    ON d.relname = part[pg_catalog.cardinality(part)]
    AND CASE
      WHEN pg_catalog.cardinality(part) > 1 THEN d.nspname = part[1]
      WHEN $9::text[] IS NULL THEN pg_catalog.pg_table_is_visible(d.oid)
      ELSE d.oid IN (SELECT oid FROM found)
    END
  UNION ALL
  SELECT name, true, oid, relkind, name, object, attnum, false FROM described WHERE said_shared
), modelled AS MATERIALIZED (
  -- A named type is a type of that name, as diesel looks for it, in whichever schema if none is declared.
  SELECT g.oid, g.name, g.object, g.relkind, m.column_name, m.nullable,
    CASE WHEN m.type_name IS NULL THEN ARRAY[m.type]
      ELSE ARRAY(
        SELECT CASE WHEN m.is_array THEN t.typarray ELSE t.oid END
        FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
        WHERE t.typname = m.type_name AND n.nspname = coalesce(m.type_schema, n.nspname)) END AS types,
    CASE WHEN m.type_name IS NULL THEN pg_catalog.format_type(m.type, NULL)
      ELSE m.type_name || CASE WHEN m.is_array THEN '[]' ELSE '' END END AS spelt
  FROM ROWS FROM (
    unnest($10::text[]), unnest($11::text[]), unnest($12::bool[]), unnest($13::pg_catalog.oid[]), unnest($14::text[]),
    unnest($15::text[]), unnest($16::bool[])
  ) AS m (table_name, column_name, nullable, type, type_name, type_schema, is_array)
  JOIN (SELECT DISTINCT spelt, oid, name, object, relkind FROM registered WHERE NOT missing) AS g ON g.spelt = m.table_name
), relation AS MATERIALIZED (
  SELECT d.*, d.attnum IS NOT NULL OR g.oid IS NOT NULL AS of_tenants, g.oid IS NOT NULL AS registered,
    EXISTS (
      SELECT FROM reach AS r
      WHERE pg_catalog.has_table_privilege(r.oid, d.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        OR pg_catalog.has_any_column_privilege(r.oid, d.oid, 'SELECT, INSERT, UPDATE, REFERENCES')) AS reachable
  FROM described AS d
  LEFT JOIN (SELECT DISTINCT oid FROM registered WHERE NOT shared) AS g ON g.oid = d.oid
), tenant_table AS MATERIALIZED (
  -- Of a superuser's rights there is nothing to say beyond A1.
  SELECT relation.* FROM relation, me
  WHERE relkind IN ('r', 'p') AND of_tenants AND (reachable OR registered) AND NOT me.rolsuper
), family AS MATERIALIZED (
  -- The tenant tables, with partitions and children at every depth.
  WITH RECURSIVE f (oid) AS (
    SELECT oid FROM tenant_table UNION SELECT i.inhrelid FROM f JOIN pg_catalog.pg_inherits AS i ON i.inhparent = f.oid
  )
  SELECT r.* FROM f JOIN relation AS r ON r.oid = f.oid
), index AS MATERIALIZED (
  -- Their indexes, without those that come with a partition, and the constraints that they keep.
  SELECT x.*, t.name AS on_table, t.relkind AS of_kind, t.attnum AS tenant, pg_catalog.format('%I.%I', t.nspname, c.relname) AS name,
    m.amname AS method, k.oid AS key, k.conname, k.contype, k.conexclop
  FROM family AS t
  JOIN pg_catalog.pg_index AS x ON x.indrelid = t.oid
  JOIN pg_catalog.pg_class AS c ON c.oid = x.indexrelid AND NOT c.relispartition
  JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
  LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = x.indexrelid AND k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x')
), idle AS MATERIALIZED (
  -- Columns of them that no query uses under row-level security.
  SELECT x.indexrelid, i AS place
  FROM index AS x
  CROSS JOIN LATERAL pg_catalog.generate_subscripts(x.indkey, 1) AS i
  JOIN pg_catalog.pg_opclass AS o ON o.oid = x.indclass[i]
  WHERE i < x.indnkeyatts
    AND (x.indkey[i] = 0 OR NOT EXISTS (
      SELECT FROM pg_catalog.pg_amop AS a
      JOIN pg_catalog.pg_operator AS op ON op.oid = a.amopopr
      JOIN pg_catalog.pg_proc AS p ON p.oid = op.oprcode AND p.proleakproof
      WHERE a.amopfamily = o.opcfamily AND a.amoppurpose = 's' AND a.amoplefttype = o.opcintype
        -- Of trigrams, = alone is leakproof, for which nobody makes such an index.
        AND NOT (x.method IN ('gin', 'gist') AND op.oprname = '=' AND x.indkey[i] <> x.tenant)))
), printed AS MATERIALIZED (
  SELECT l.oid AS policy, t.oid, t.object, t.name AS on_table, l.polname AS name, l.polpermissive AS permissive,
    l.polcmd AS command, l.polroles AS roles,
    pg_catalog.pg_get_expr(l.polqual, t.oid) AS allows, pg_catalog.pg_get_expr(l.polwithcheck, t.oid) AS accepts
  FROM tenant_table AS t JOIN pg_catalog.pg_policy AS l ON l.polrelid = t.oid
), policy AS MATERIALIZED (
  SELECT p.*,
    p.command = '*' AND p.roles = ARRAY[0::pg_catalog.oid] AND p.allows = canonical.printed AND p.accepts = canonical.printed
      AND (
        SELECT pg_catalog.bool_or(d.refobjid = canonical.oid) AND pg_catalog.bool_and(
          d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = p.oid
          OR d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid = canonical.oid)
        FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = p.policy) AS canonical
  FROM printed AS p
  LEFT JOIN (
    SELECT oid, pg_catalog.format('(tenant_id = ( SELECT %scurrent_tenant() AS current_tenant))',
      CASE WHEN pg_catalog.pg_function_is_visible(oid) THEN '' ELSE 'crow.' END) AS printed
    FROM fn WHERE name = 'current_tenant' AND arguments = ''
  ) AS canonical ON true
), reads (view, via, oid) AS (
  SELECT v.oid, v.oid, d.refobjid
  FROM relation AS v
  CROSS JOIN me
  JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = v.oid
  JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> v.oid
  WHERE v.relkind IN ('v', 'm') AND v.reachable AND NOT me.rolsuper
  UNION
  SELECT r.view, r.oid, d.refobjid
  FROM reads AS r
  JOIN pg_catalog.pg_class AS c ON c.oid = r.oid AND c.relkind = 'v'
  JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = c.oid
  JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> c.oid
), reading AS MATERIALIZED (
  -- A view whose base table is a tenant's, and the view on the way that reads it.
  SELECT DISTINCT r.view, top.relkind AS kind, top.object, r.via, v.name AS through, t.name AS base,
    o.invoker, o.barrier
  FROM reads AS r
  JOIN relation AS top ON top.oid = r.view
  JOIN relation AS t ON t.oid = r.oid AND t.relkind IN ('r', 'p') AND t.of_tenants
  JOIN relation AS v ON v.oid = r.via
  CROSS JOIN LATERAL (
    SELECT coalesce(pg_catalog.bool_or(option_name = 'security_invoker' AND option_value::boolean), false) AS invoker,
      coalesce(pg_catalog.bool_or(option_name = 'security_barrier' AND option_value::boolean), false) AS barrier
    FROM pg_catalog.pg_options_to_table(v.reloptions)
    WHERE option_name IN ('security_invoker', 'security_barrier')) AS o
), routine AS MATERIALIZED (
  -- Functions that run with their owner's rights.
  SELECT p.oid, CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END AS kind, r.oid AS owner, r.rolname AS owner_name,
    pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS name,
    r.rolsuper OR r.rolbypassrls AS bypasses,
    EXISTS (SELECT FROM pg_catalog.unnest(p.proconfig) AS s WHERE s LIKE 'search_path=%') AS pinned,
    n.nspname = 'crow' AND p.proname = ANY ($6::text[]) AS installed,
    p.prorettype IN ('pg_catalog.trigger'::pg_catalog.regtype, 'pg_catalog.event_trigger'::pg_catalog.regtype) AS of_triggers,
    EXISTS (
      SELECT FROM pg_catalog.pg_depend AS d
      WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e') AS of_extension,
    coalesce(pg_catalog.obj_description(p.oid, 'pg_proc') ~ '\mcrow: across tenants\M', false) AS said_across
  FROM pg_catalog.pg_proc AS p
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  JOIN pg_catalog.pg_roles AS r ON r.oid = p.proowner
  WHERE p.prosecdef
), lent AS MATERIALIZED (
  -- Those that the application can call. What a body does the catalog does not tell: one that could read or change tenants'
  -- rows past the policies is taken to do it, unless a comment says that it is meant to.
  SELECT f.*,
    f.bypasses AND NOT (f.said_across OR f.installed OR f.of_triggers OR f.of_extension) AND EXISTS (
      SELECT FROM family AS t
      WHERE pg_catalog.has_any_column_privilege(f.owner, t.oid, 'SELECT, INSERT, UPDATE')
        OR pg_catalog.has_table_privilege(f.owner, t.oid, 'DELETE, TRUNCATE')) AS opens
  FROM routine AS f
  CROSS JOIN me
  WHERE NOT me.rolsuper
    AND EXISTS (SELECT FROM reach AS r WHERE pg_catalog.has_function_privilege(r.oid, f.oid, 'EXECUTE'))
)
