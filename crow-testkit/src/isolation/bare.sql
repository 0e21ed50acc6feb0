-- Takes away what crow protects tables with: every attack has to succeed then. What is left is what the application
-- would have without crow: its own tables, whose keys do not know tenants.
DO $$
DECLARE
  x record;
BEGIN
  FOR x IN SELECT evtname FROM pg_event_trigger LOOP
    EXECUTE format('ALTER EVENT TRIGGER %I DISABLE', x.evtname);
  END LOOP;

  CREATE TEMP TABLE tenant_table ON COMMIT DROP AS
    SELECT c.oid, c.oid::regclass AS name, c.relispartition, a.attnum
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('crow', 'crow_guard', 'pg_catalog', 'information_schema')
      AND c.relpersistence <> 't';

  FOR x IN SELECT polname, polrelid::regclass AS name FROM pg_policy WHERE polrelid IN (SELECT oid FROM tenant_table) LOOP
    EXECUTE format('DROP POLICY %I ON %s', x.polname, x.name);
  END LOOP;

  CREATE TEMP TABLE reference ON COMMIT DROP AS
    SELECT k.conname, k.conrelid::regclass AS child, k.confrelid::regclass AS parent,
      ARRAY(SELECT quote_ident(a.attname) FROM unnest(k.conkey) WITH ORDINALITY AS u (n, place)
        JOIN pg_attribute AS a ON a.attrelid = conrelid AND a.attnum = n WHERE a.attname <> 'tenant_id' ORDER BY place) AS columns,
      ARRAY(SELECT quote_ident(a.attname) FROM unnest(k.confkey) WITH ORDINALITY AS u (n, place)
        JOIN pg_attribute AS a ON a.attrelid = confrelid AND a.attnum = n WHERE a.attname <> 'tenant_id' ORDER BY place) AS referred
    FROM pg_constraint AS k
    WHERE k.contype = 'f' AND k.conparentid = 0
      AND k.conrelid IN (SELECT oid FROM tenant_table) AND k.confrelid IN (SELECT oid FROM tenant_table);
  FOR x IN SELECT * FROM reference LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', x.child, x.conname);
  END LOOP;

  CREATE TEMP TABLE key ON COMMIT DROP AS
    SELECT c.relname, t.name, k.conname, pg_get_expr(i.indpred, i.indrelid) AS predicate,
      ARRAY(SELECT pg_get_indexdef(i.indexrelid, place + 1, true) FROM generate_subscripts(i.indkey, 1) AS place
        WHERE place < i.indnkeyatts AND i.indkey[place] <> t.attnum ORDER BY place) AS columns
    FROM tenant_table AS t JOIN pg_index AS i ON i.indrelid = t.oid AND i.indisunique
    JOIN pg_class AS c ON c.oid = i.indexrelid AND NOT c.relispartition
    LEFT JOIN pg_constraint AS k ON k.conindid = c.oid AND k.conrelid = t.oid AND k.contype IN ('p', 'u')
    WHERE t.attnum = ANY (i.indkey);
  FOR x IN SELECT * FROM key LOOP
    CONTINUE WHEN x.columns = '{}';
    BEGIN
      IF x.conname IS NOT NULL THEN
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', x.name, x.conname);
      ELSE
        EXECUTE format('DROP INDEX %s.%I',
          (SELECT relnamespace::regnamespace FROM pg_class WHERE oid = x.name), x.relname);
      END IF;
      EXECUTE format('CREATE UNIQUE INDEX %I ON %s (%s) %s', x.relname, x.name, array_to_string(x.columns, ', '),
        'WHERE ' || x.predicate);
    EXCEPTION WHEN feature_not_supported THEN
      NULL; -- Of a table that is partitioned by tenants, whose keys cannot do without.
    END;
  END LOOP;
  FOR x IN SELECT * FROM reference WHERE columns <> '{}' LOOP
    BEGIN
      EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES %s (%s) ON UPDATE CASCADE ON DELETE CASCADE',
        x.child, x.conname, array_to_string(x.columns, ', '), x.parent, array_to_string(x.referred, ', '));
    EXCEPTION WHEN invalid_foreign_key THEN
      NULL; -- To such a table.
    END;
  END LOOP;

  FOR x IN SELECT * FROM tenant_table LOOP
    EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', x.name);
    -- What a trigger keeps from happening proves nothing of protection.
    EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', x.name);
    EXECUTE format('ALTER TABLE %s OWNER TO crow_app', x.name);
    EXECUTE format('GRANT ALL ON %s TO PUBLIC', x.name);
  END LOOP;
  FOR x IN
    SELECT DISTINCT v.oid::regclass AS name, v.relkind, v.relowner
    FROM pg_class AS v JOIN pg_namespace AS n ON n.oid = v.relnamespace
    WHERE v.relkind IN ('v', 'm') AND n.nspname NOT IN ('crow', 'pg_catalog', 'information_schema')
  LOOP
    IF x.relkind = 'v' THEN
      EXECUTE format('ALTER VIEW %s RESET (security_invoker, security_barrier)', x.name);
      EXECUTE format('ALTER VIEW %s OWNER TO crow_app', x.name);
    END IF;
    EXECUTE format('GRANT ALL ON %s TO PUBLIC', x.name);
  END LOOP;
END $$;

GRANT USAGE ON SCHEMA crow, public TO PUBLIC;
GRANT EXECUTE ON FUNCTION crow.enter(uuid) TO PUBLIC;
