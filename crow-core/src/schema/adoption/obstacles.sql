-- What keeps crow.protect from taking the tables $1 oid[], less what an adoption mends or says in its own words.
SELECT DISTINCT defect
FROM pg_catalog.unnest($1) AS t (oid), crow.defects(oid) AS defect
WHERE defect !~ ' has no column tenant_id: add '
  AND defect !~ '\.tenant_id is of type '
  AND defect !~ '\.tenant_id is nullable: SET NOT NULL$'
  AND defect !~ '^(primary|unique) key .* does not begin with tenant_id, so that '
  AND defect !~ '^foreign key .* (refers to .* without its tenant, so that|is not validated, so that) '
  AND defect !~ ' draws from sequence .*, which counts '
  AND defect !~ '^trigger crow_fill of '
ORDER BY 1
