-- Everything that the catalog says of a database and of the cluster's roles, in words that survive a copy: no oids, and no
-- order of grants. A policy's oid is a line of its own, for who asks whether the policy is still the same one. Of what every
-- database begins with (oids below 16384), only what is granted otherwise than by default.
WITH acl (catalog, object, grants) AS (
  SELECT catalog, object, string_agg(format('%s:%s:%s:%s', a.grantor::regrole, a.grantee::regrole, a.privilege_type, a.is_grantable),
    ',' ORDER BY a.grantee::regrole::text, a.privilege_type)
  FROM (
    SELECT 'pg_proc', oid, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc WHERE oid >= 16384 OR proacl IS NOT NULL
    UNION ALL
    SELECT 'pg_class', oid, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)) FROM pg_class
    WHERE oid >= 16384 OR relacl IS NOT NULL
    UNION ALL
    SELECT 'pg_namespace', oid, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace
    UNION ALL
    SELECT 'pg_database', oid, coalesce(datacl, acldefault('d', datdba)) FROM pg_database
  ) AS o (catalog, object, held), aclexplode(held) AS a
  GROUP BY catalog, object
)
SELECT 'function ' || oid::regprocedure, concat_ws('|', pg_get_userbyid(proowner), prosrc, pg_get_function_sqlbody(oid), prosecdef,
  provolatile, proconfig::text, grants)
FROM pg_proc LEFT JOIN acl ON catalog = 'pg_proc' AND object = oid
WHERE oid >= 16384
  OR NOT (proacl @> acldefault('f', proowner) AND proacl <@ acldefault('f', proowner))
UNION ALL
SELECT 'relation ' || oid::regclass, concat_ws('|', relkind, pg_get_userbyid(relowner), relrowsecurity, relforcerowsecurity,
  reloptions::text, grants)
FROM pg_class LEFT JOIN acl ON catalog = 'pg_class' AND object = oid
WHERE relnamespace <> 'pg_toast'::regnamespace AND relpersistence <> 't' AND (oid >= 16384 OR relacl IS NOT NULL)
UNION ALL
SELECT 'column ' || attrelid::regclass || '.' || attname, concat_ws('|', format_type(atttypid, atttypmod), attnotnull,
  pg_get_expr(adbin, adrelid), attacl::text)
FROM pg_attribute
JOIN pg_class AS c ON c.oid = attrelid AND relnamespace <> 'pg_toast'::regnamespace
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid >= 16384
UNION ALL
SELECT 'policy ' || polrelid::regclass || '.' || polname, concat_ws('|', polcmd, polpermissive,
  (SELECT string_agg(r::regrole::text, ',') FROM unnest(polroles) AS r), pg_get_expr(polqual, polrelid),
  pg_get_expr(polwithcheck, polrelid))
FROM pg_policy
UNION ALL
SELECT 'oid of policy ' || polrelid::regclass || '.' || polname, oid::text
FROM pg_policy
UNION ALL
SELECT 'constraint ' || conrelid::regclass || '.' || conname, concat_ws('|', pg_get_constraintdef(oid), convalidated)
FROM pg_constraint WHERE conrelid >= 16384
UNION ALL
SELECT 'domain ' || t.oid::regtype, concat_ws('|', pg_get_userbyid(typowner), format_type(typbasetype, typtypmod), typnotnull, typdefault,
  (SELECT string_agg(conname || ' ' || pg_get_constraintdef(c.oid), ', ') FROM pg_constraint AS c WHERE contypid = t.oid))
FROM pg_type AS t WHERE typtype = 'd' AND t.oid >= 16384
UNION ALL
SELECT 'index ' || indexrelid::regclass, concat_ws('|', pg_get_indexdef(indexrelid), indisvalid)
FROM pg_index WHERE indexrelid >= 16384 AND indrelid NOT IN (SELECT oid FROM pg_class WHERE relkind = 't')
UNION ALL
SELECT 'trigger ' || tgrelid::regclass || '.' || tgname, concat_ws('|', pg_get_triggerdef(oid), tgenabled)
FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'schema ' || nspname, concat_ws('|', pg_get_userbyid(nspowner), grants)
FROM pg_namespace LEFT JOIN acl ON catalog = 'pg_namespace' AND object = oid
WHERE nspname !~ '^pg_(toast|temp)'
UNION ALL
SELECT 'database', concat_ws('|', pg_get_userbyid(datdba), grants)
FROM pg_database LEFT JOIN acl ON catalog = 'pg_database' AND object = oid
WHERE datname = current_database()
UNION ALL
SELECT 'default grants of ' || pg_get_userbyid(defaclrole) || ' on ' || defaclobjtype::text, defaclacl::text
FROM pg_default_acl
UNION ALL
SELECT 'role ' || rolname, concat_ws('|', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
  (SELECT string_agg(roleid::regrole::text, ',' ORDER BY roleid::regrole::text) FROM pg_auth_members WHERE member = r.oid))
FROM pg_roles AS r
