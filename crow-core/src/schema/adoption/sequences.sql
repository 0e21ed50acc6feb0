-- The columns of the tables $1 oid[] that draw from a sequence, identity columns excepted; serial: it is the column's own.
SELECT a.attrelid AS relation, a.attname::text AS column_, pg_catalog.format('%I.%I', n.nspname, s.relname) AS sequence,
  pg_catalog.bool_or(owned) AND pg_catalog.bool_or(NOT owned) AS serial
FROM (
  SELECT d.refobjid, d.refobjsubid, d.objid, true FROM pg_catalog.pg_depend AS d
  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'a'
  UNION ALL
  SELECT f.adrelid, f.adnum, d.refobjid, false FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_attrdef AS f ON f.oid = d.objid
  WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
) AS draw (relation, number, sequence, owned)
JOIN pg_catalog.pg_class AS s ON s.oid = draw.sequence AND s.relkind = 'S'
JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = draw.relation AND a.attnum = draw.number
WHERE draw.relation = ANY ($1)
GROUP BY a.attrelid, a.attnum, a.attname, n.nspname, s.relname
ORDER BY a.attrelid, a.attnum
