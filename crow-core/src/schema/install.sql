-- The crow schema, version 3. Needs PostgreSQL 15 or later. Run it once per database, as a superuser or as
-- the database's owner with CREATEROLE; running it again upgrades in place and otherwise changes nothing.
-- Statements are separated by blank lines and contain none, so that they can be sent one by one.
-- Blocks pin search_path for their duration and put it back; what is declared before that is qualified, for an
-- administrator's search_path may lead through a schema in which others create types and functions.
DO $$
BEGIN
  IF pg_catalog.current_setting('server_version_num')::pg_catalog.int4 OPERATOR(pg_catalog.<) 150000 THEN
    RAISE EXCEPTION 'crow needs PostgreSQL 15 or later, this server is %', pg_catalog.current_setting('server_version')
      USING ERRCODE = 'feature_not_supported';
  END IF;
END $$;

-- Roles belong to the whole cluster: another database may be making them at this moment. No passwords here:
-- ALTER ROLE .. PASSWORD is the administrator's business.
DO $$
DECLARE
  path CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
  wanted pg_catalog.record;
  attribute pg_catalog.record;
BEGIN
  SET LOCAL search_path = pg_catalog, pg_temp;
  FOR wanted IN
    SELECT * FROM (VALUES
      ('crow_owner',    false, false),
      ('crow_migrator', true,  true),
      ('crow_app',      true,  false),
      ('crow_admin',    true,  true),
      ('crow_open',     true,  false)) AS role (name, logs_in, bypasses)
  LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I', wanted.name);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL; -- The other database was faster.
      END;
    END IF;
    FOR attribute IN
      SELECT clause
      FROM pg_roles AS r, LATERAL (VALUES
        (r.rolcanlogin <> wanted.logs_in, CASE WHEN wanted.logs_in THEN 'LOGIN' ELSE 'NOLOGIN' END),
        (r.rolbypassrls <> wanted.bypasses, CASE WHEN wanted.bypasses THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END),
        (r.rolsuper, 'NOSUPERUSER'),
        (r.rolcreaterole, 'NOCREATEROLE'),
        (r.rolcreatedb, 'NOCREATEDB'),
        (r.rolreplication, 'NOREPLICATION'),
        (NOT r.rolinherit, 'INHERIT')) AS a (wrong, clause)
      WHERE r.rolname = wanted.name AND a.wrong
    LOOP
      FOR attempt IN 1..10 LOOP
        BEGIN
          EXECUTE format('ALTER ROLE %I %s', wanted.name, attribute.clause);
          EXIT;
        EXCEPTION
          WHEN internal_error THEN -- "tuple concurrently updated", by the other database.
            IF attempt = 10 THEN RAISE; END IF;
          WHEN insufficient_privilege THEN
            RAISE WARNING 'role % needs %, which only a superuser may set: ALTER ROLE % %',
              wanted.name, attribute.clause, wanted.name, attribute.clause;
            EXIT;
        END;
      END LOOP;
    END LOOP;
  END LOOP;
  PERFORM set_config('search_path', path, true);
END $$;

-- The migrator acts for the owner, and so does an installing role that is no superuser.
DO $$
DECLARE
  path CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
  member pg_catalog.name;
BEGIN
  SET LOCAL search_path = pg_catalog, pg_temp;
  FOREACH member IN ARRAY ARRAY['crow_migrator', current_user] LOOP
    IF NOT pg_has_role(member, 'crow_owner', 'USAGE') THEN
      BEGIN
        EXECUTE format('GRANT crow_owner TO %I', member);
      EXCEPTION WHEN unique_violation THEN
        NULL; -- The other database was faster.
      END;
    END IF;
  END LOOP;
  PERFORM set_config('search_path', path, true);
END $$;

-- Functions that policies trust must not be somebody else's: CREATE OR REPLACE keeps a squatter's ownership.
DO $$
DECLARE
  path CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
  squatters pg_catalog.text;
BEGIN
  SET LOCAL search_path = pg_catalog, pg_temp;
  SELECT string_agg(format('%s, which belongs to %s', what, pg_get_userbyid(owner)), '; ') INTO squatters
  FROM (
    SELECT 'schema crow', nspowner FROM pg_namespace WHERE nspname = 'crow'
    UNION ALL
    SELECT 'function ' || p.oid::regprocedure, proowner
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = pronamespace WHERE nspname = 'crow'
    UNION ALL
    SELECT 'type ' || t.oid::regtype, typowner
    FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = typnamespace WHERE nspname = 'crow' AND typrelid = 0 AND typelem = 0
    UNION ALL
    SELECT 'relation ' || c.oid::regclass, relowner
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace WHERE nspname = 'crow' AND relkind <> 'i'
  ) AS existing (what, owner)
  WHERE owner NOT IN ('crow_owner'::regrole, current_user::regrole)
    AND NOT (SELECT rolsuper FROM pg_roles AS r WHERE r.oid = owner);
  IF squatters IS NOT NULL THEN
    RAISE EXCEPTION 'schema crow is taken: %', squatters
      USING ERRCODE = 'duplicate_schema',
        HINT = 'Drop or rename what is there, or if it is crow''s own, give it to crow_owner; then install again.';
  END IF;
  PERFORM set_config('search_path', path, true);
END $$;

CREATE SCHEMA IF NOT EXISTS crow AUTHORIZATION crow_owner;

CREATE OR REPLACE FUNCTION crow.version() RETURNS pg_catalog.int4
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 3;

-- What every policy reads. crow.scope is the start of the transaction and then the tenant: a value left behind by
-- another transaction does not have this one's start. The start is compared in its binary form, whose text no setting
-- changes (that of a float or a timestamp follows extra_float_digits, DateStyle, TimeZone).
-- In SQL the planner would put the body in place of the call, each time that it plans a statement: that takes twice
-- as long as all else that a policy costs. Every name and operator is qualified, so no search_path of a caller matters.
CREATE OR REPLACE FUNCTION crow.current_tenant() RETURNS pg_catalog.uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  tenant CONSTANT pg_catalog.text := pg_catalog.split_part(pg_catalog.current_setting('crow.scope', true),
    pg_catalog.encode(pg_catalog.timestamptz_send(CURRENT_TIMESTAMP), 'hex'), 2);
BEGIN
  IF tenant OPERATOR(pg_catalog.<>) '' THEN
    RETURN tenant;
  END IF;
  RAISE EXCEPTION 'no tenant in this transaction'
    USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'crow.no_tenant',
      HINT = 'Begin a transaction and call crow.enter(tenant) in it before touching a tenant table.';
END $$;

-- What current_tenant called when its body was SQL.
DROP FUNCTION IF EXISTS crow.no_tenant();

-- Runs as the owner, because set_config is revoked from everybody else. It runs once a statement, where most
-- of the time goes into getting ready: each expression of plpgsql, each function in one, and a SET clause cost
-- more than the work. So what usually happens, a transaction without a scope, is one expression of few functions. There
-- is no clause to pin search_path; every name and operator is qualified instead, and no syntax is used that looks
-- one up (IN, BETWEEN, NULLIF, IS DISTINCT FROM). The order within CASE is guaranteed.
CREATE OR REPLACE FUNCTION crow.enter(tenant pg_catalog.uuid) RETURNS pg_catalog.void
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  stamp pg_catalog.text;
  held pg_catalog.text;
BEGIN
  IF (CASE
    WHEN tenant IS NULL OR tenant OPERATOR(pg_catalog.=) '00000000-0000-0000-0000-000000000000' THEN false
    WHEN pg_catalog.current_setting('crow.scope', true) OPERATOR(pg_catalog.<>) '' THEN false
    ELSE pg_catalog.set_config('crow.scope',
      pg_catalog.encode(pg_catalog.timestamptz_send(CURRENT_TIMESTAMP), 'hex')
        OPERATOR(pg_catalog.||) pg_catalog.set_config('app.current_tenant', tenant::pg_catalog.text, true), true) IS NOT NULL
  END) THEN
    RETURN;
  END IF;
  IF tenant IS NULL OR tenant OPERATOR(pg_catalog.=) '00000000-0000-0000-0000-000000000000' THEN
    RAISE EXCEPTION 'a tenant id must not be null or the nil UUID'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'crow.nil_tenant',
        HINT = 'Look up the tenant before entering; a default-initialised id is no tenant.';
  END IF;
  -- The same tenant again, another one, or what an earlier transaction left behind.
  stamp := pg_catalog.encode(pg_catalog.timestamptz_send(CURRENT_TIMESTAMP), 'hex');
  held := pg_catalog.split_part(pg_catalog.current_setting('crow.scope'), stamp, 2);
  IF held OPERATOR(pg_catalog.<>) '' AND held OPERATOR(pg_catalog.<>) tenant::pg_catalog.text THEN
    RAISE EXCEPTION 'this transaction already belongs to another tenant'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'crow.other_tenant',
        HINT = 'One transaction serves one tenant: end it and begin another.';
  END IF;
  PERFORM pg_catalog.set_config('crow.scope', stamp OPERATOR(pg_catalog.||)
    pg_catalog.set_config('app.current_tenant', tenant::pg_catalog.text, true), true);
END $$;

-- A tenant whose id enters it: what a statement gives its tenant_id as. PostgreSQL converts the parameters of a
-- statement before it plans and runs it, and converting one to a domain checks the domain's constraint. So the
-- statement and its tenant are one message, and one transaction. For parameters only, never for a column.
DO $$
DECLARE
  path CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
BEGIN
  SET LOCAL search_path = pg_catalog, pg_temp;
  -- Not made anew where it is as it should be: sessions that know it would fail.
  IF (SELECT array_agg(concat_ws(' ', format_type(typbasetype, typtypmod), typnotnull, typdefault, pg_get_constraintdef(c.oid)))
      FROM pg_type AS t JOIN pg_constraint AS c ON contypid = t.oid WHERE t.oid = to_regtype('crow.tenant'))
    IS DISTINCT FROM ARRAY['uuid f CHECK ((crow.enter(VALUE) IS NOT NULL))']
  THEN
    DROP DOMAIN IF EXISTS crow.tenant;
    CREATE DOMAIN crow.tenant AS uuid CONSTRAINT enters CHECK (crow.enter(VALUE) IS NOT NULL);
  END IF;
  PERFORM set_config('search_path', path, true);
END $$;

-- The trigger behind created_at and updated_at, which are the database's whatever an insert or update says.
-- Nothing in it is looked up by search_path.
CREATE OR REPLACE FUNCTION crow.touch() RETURNS pg_catalog.trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.created_at := coalesce(OLD.created_at, CURRENT_TIMESTAMP); -- An insert has no old row.
  NEW.updated_at := CURRENT_TIMESTAMP;
  RETURN NEW;
END $$;

-- A relation and everything that inherits from it: partitions at every depth, and old-style children.
CREATE OR REPLACE FUNCTION crow.family(target pg_catalog.regclass) RETURNS SETOF pg_catalog.regclass
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE family AS (
    SELECT target AS member
    UNION
    SELECT i.inhrelid::regclass FROM family AS f JOIN pg_inherits AS i ON i.inhparent = f.member
  )
  SELECT member FROM family;
$$;

-- Everything that would let one tenant reach or notice another in spite of row-level security.
CREATE OR REPLACE FUNCTION crow.defects(target pg_catalog.regclass) RETURNS SETOF pg_catalog.text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE member AS (
    SELECT c.oid::regclass AS name, c.*
    FROM crow.family(target) AS f JOIN pg_class AS c ON c.oid = f AND c.relkind IN ('r', 'p')
  ), tenant_column AS (
    SELECT attrelid, attnum, atttypid, attnotnull, attgenerated
    FROM pg_attribute WHERE attname = 'tenant_id' AND attnum > 0 AND NOT attisdropped
  ), tenant_key AS (
    SELECT k.*, child.attnum AS child_column, parent.attnum AS parent_column
    FROM pg_constraint AS k
    JOIN tenant_column AS child ON child.attrelid = k.conrelid
    LEFT JOIN tenant_column AS parent ON parent.attrelid = k.confrelid
    WHERE k.contype = 'f' AND k.conparentid = 0
  ), reads (reader, base) AS (
    SELECT name::oid, name FROM member
    UNION
    SELECT w.ev_class, r.base
    FROM reads AS r
    JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.reader AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite AS w ON w.oid = d.objid AND w.ev_class <> r.reader
  )
  SELECT format('%s is not a table', f)
  FROM crow.family(target) AS f WHERE f IS NOT NULL AND f NOT IN (SELECT name FROM member)
  UNION ALL
  SELECT format('%s is a temporary table', name)
  FROM member WHERE relpersistence = 't'
  UNION ALL
  SELECT format('%s %s %s: protect that, it covers its %s', name,
    CASE WHEN relispartition THEN 'is a partition of' ELSE 'inherits from, and is read through,' END, i.inhparent::regclass,
    CASE WHEN relispartition THEN 'partitions' ELSE 'children' END)
  FROM member JOIN pg_inherits AS i ON i.inhrelid = name
  WHERE i.inhparent NOT IN (SELECT f FROM crow.family(target) AS f)
  UNION ALL
  SELECT format('%s has no column tenant_id: add tenant_id uuid NOT NULL', name)
  FROM member WHERE NOT EXISTS (SELECT FROM tenant_column WHERE attrelid = name)
  UNION ALL
  SELECT format('%s.tenant_id is of type %s: it must be uuid', name, format_type(atttypid, NULL))
  FROM member JOIN tenant_column ON attrelid = name WHERE atttypid <> 'uuid'::regtype
  UNION ALL
  SELECT format('%s.tenant_id is nullable: SET NOT NULL', name)
  FROM member JOIN tenant_column ON attrelid = name WHERE NOT attnotnull
  UNION ALL
  SELECT format('%s.tenant_id is a generated column: make it an ordinary one', name)
  FROM member JOIN tenant_column ON attrelid = name WHERE attgenerated <> ''
  UNION ALL
  SELECT format('%s %s of %s does not begin with tenant_id, so that one tenant''s keys collide with another''s: '
      'make tenant_id its first column%s',
    CASE WHEN indisprimary THEN 'primary key' WHEN indisexclusion THEN 'exclusion constraint' ELSE 'unique key' END,
    quote_ident(x.relname), name, CASE WHEN indisexclusion THEN ' WITH =' ELSE '' END)
  FROM member
  JOIN tenant_column ON attrelid = name
  JOIN pg_index ON indrelid = name AND (indisunique OR indisexclusion)
  JOIN pg_class AS x ON x.oid = indexrelid
  LEFT JOIN pg_constraint AS k ON k.conindid = indexrelid AND k.conrelid = indrelid AND k.conexclop IS NOT NULL
  WHERE NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = indexrelid)
    AND (indkey[0] <> attnum OR k.conexclop[1] <> 'pg_catalog.=(uuid,uuid)'::regoperator)
  UNION ALL
  SELECT DISTINCT format('foreign key %I of %s refers to %s without its tenant, so that one tenant''s rows can hang '
      'on another''s: FOREIGN KEY (tenant_id, ..) REFERENCES %s (tenant_id, ..)',
    conname, conrelid::regclass, confrelid::regclass, confrelid::regclass)
  FROM tenant_key JOIN member ON name IN (conrelid, confrelid)
  WHERE parent_column IS NOT NULL
    AND NOT EXISTS (
      SELECT FROM unnest(conkey, confkey) AS pair (child, parent)
      WHERE child = child_column AND parent = parent_column)
  UNION ALL
  SELECT DISTINCT format('foreign key %I of %s would overwrite tenant_id when the row it refers to goes: '
      'name the columns, ON DELETE SET NULL (..), and do without ON UPDATE SET NULL and SET DEFAULT',
    conname, conrelid::regclass)
  FROM tenant_key JOIN member ON name IN (conrelid, confrelid)
  WHERE child_column = ANY (conkey)
    AND (confupdtype IN ('n', 'd')
      OR confdeltype IN ('n', 'd') AND coalesce(child_column = ANY (confdelsetcols), true))
  UNION ALL
  SELECT DISTINCT format('foreign key %I of %s is not validated, so that rows from before can hang on another tenant''s: '
      'ALTER TABLE %s VALIDATE CONSTRAINT %I', conname, conrelid::regclass, conrelid::regclass, conname)
  FROM tenant_key JOIN member ON name IN (conrelid, confrelid)
  WHERE NOT convalidated AND parent_column IS NOT NULL AND child_column = ANY (conkey)
  UNION ALL
  SELECT format('%s.%I draws from sequence %s, which counts the rows of all tenants and needs a grant of its own: '
      'use a uuid, or GENERATED ALWAYS AS IDENTITY', name, attname, sequence)
  FROM member
  JOIN (
    SELECT refobjid, refobjsubid, objid::regclass FROM pg_depend
    WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype = 'a'
    UNION
    SELECT adrelid, adnum, refobjid::regclass FROM pg_depend AS d JOIN pg_attrdef AS a ON a.oid = d.objid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'n'
  ) AS draw (relation, number, sequence) ON relation = name
  JOIN pg_class AS s ON s.oid = sequence AND s.relkind = 'S'
  JOIN pg_attribute ON attrelid = name AND attnum = number
  UNION ALL
  SELECT DISTINCT format('view %s reads %s with the rights of its owner: '
      'ALTER VIEW %s SET (security_invoker = true, security_barrier = true)', v.oid::regclass, name, v.oid::regclass)
  FROM member
  JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = name AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite AS w ON w.oid = d.objid
  JOIN pg_class AS v ON v.oid = w.ev_class AND v.relkind = 'v'
  WHERE NOT EXISTS (
    SELECT FROM pg_options_to_table(v.reloptions) WHERE option_name = 'security_invoker' AND option_value::boolean)
  UNION ALL
  SELECT DISTINCT format('materialized view %s keeps rows of %s without a policy, and is granted to %s: REVOKE ALL ON %s FROM %s',
    v.oid::regclass, r.base, a.grantee, v.oid::regclass, a.grantee)
  FROM reads AS r
  JOIN pg_class AS v ON v.oid = r.reader AND v.relkind = 'm'
  CROSS JOIN LATERAL (
    SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END FROM aclexplode(v.relacl) AS x
    WHERE x.grantee IN (0, 'crow_app'::regrole, 'crow_open'::regrole)) AS a (grantee)
  UNION ALL
  SELECT format('rule %I of %s rewrites a tenant''s statements to run with the rights of the table''s owner: DROP RULE %I ON %s, '
      'and use a trigger', rulename, name, rulename, name)
  FROM member JOIN pg_rewrite ON ev_class = name
  UNION ALL
  SELECT format('trigger %I of %s runs %s with the rights of %s, whom row-level security does not bind: make it SECURITY '
      'INVOKER, or ALTER FUNCTION %s OWNER TO crow_owner', tgname, name, p.oid::regprocedure, o.rolname, p.oid::regprocedure)
  FROM member
  JOIN pg_trigger ON tgrelid = name AND NOT tgisinternal AND tgparentid = 0
  JOIN pg_proc AS p ON p.oid = tgfoid AND p.prosecdef
  JOIN pg_roles AS o ON o.oid = p.proowner AND (o.rolsuper OR o.rolbypassrls)
  UNION ALL
  SELECT format('trigger %I of %s runs %s, which %s can rewrite: ALTER FUNCTION %s OWNER TO crow_owner',
    tgname, name, p.oid::regprocedure, o.rolname, p.oid::regprocedure)
  FROM member
  JOIN pg_trigger ON tgrelid = name AND NOT tgisinternal AND tgparentid = 0
  JOIN pg_proc AS p ON p.oid = tgfoid
  JOIN pg_roles AS o ON o.oid = p.proowner AND o.rolname IN ('crow_app', 'crow_admin', 'crow_open')
  UNION ALL
  SELECT DISTINCT format(CASE WHEN k.oid IS NULL THEN 'trigger %I of %s does not fire: ALTER TABLE %s ENABLE TRIGGER %I'
      ELSE 'foreign key %I of %s is not enforced: ALTER TABLE %s ENABLE TRIGGER ALL' END,
    coalesce(k.conname, tgname), name, name, tgname)
  FROM member
  JOIN pg_trigger ON tgrelid = name AND tgenabled IN ('D', 'R')
  LEFT JOIN pg_constraint AS k ON k.oid = tgconstraint AND tgisinternal
  UNION ALL
  SELECT DISTINCT format('%s was granted rights on %s by %s: REVOKE ALL ON %s FROM %s, as %s or as a superuser',
    a.receiver, name, a.giver, name, a.receiver, a.giver)
  FROM member, aclexplode(relacl) AS x,
    LATERAL (SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END, x.grantor::regrole) AS a (receiver, giver)
  WHERE x.grantor <> relowner
    AND (name <> target OR x.grantee IN (0, 'crow_app'::regrole, 'crow_admin'::regrole, 'crow_open'::regrole))
  UNION ALL
  SELECT format('%s has a policy %I, which is not crow''s: DROP POLICY %I ON %s', name, polname, polname, name)
  FROM member JOIN pg_policy ON polrelid = name
  WHERE polname NOT IN ('tenant_access', 'tenant_isolation')
  UNION ALL
  SELECT DISTINCT format('crow_owner may not own tables in schema %s: GRANT USAGE, CREATE ON SCHEMA %s TO crow_owner',
    relnamespace::regnamespace, relnamespace::regnamespace)
  FROM member
  WHERE relowner <> 'crow_owner'::regrole
    AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
    AND NOT has_schema_privilege('crow_owner', relnamespace, 'CREATE')
    AND NOT pg_has_role((SELECT nspowner FROM pg_namespace AS n WHERE n.oid = relnamespace), 'USAGE');
$$;

-- Not SECURITY DEFINER: it can do to a table what its caller could do by hand, and no more.
CREATE OR REPLACE FUNCTION crow.protect(target pg_catalog.regclass) RETURNS pg_catalog.void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  predicate CONSTANT text := 'tenant_id = (SELECT crow.current_tenant())';
  printed CONSTANT text := '(tenant_id = ( SELECT crow.current_tenant() AS current_tenant))';
  faults text;
  member regclass;
  relation pg_class;
  policy record;
  grantee text;
BEGIN
  SELECT string_agg(E'\n  - ' || defect, '' ORDER BY defect) INTO faults FROM crow.defects(target) AS defect;
  IF target IS NULL OR faults IS NOT NULL THEN
    RAISE EXCEPTION 'cannot protect %:%', coalesce(target::text, 'NULL'), coalesce(faults, ' there is no such table')
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'crow.unprotectable',
        HINT = 'Nothing was changed. Mend everything listed, then call crow.protect again.';
  END IF;
  FOR member IN SELECT * FROM crow.family(target) LOOP
    SELECT * INTO STRICT relation FROM pg_class WHERE oid = member;
    FOREACH grantee IN ARRAY ARRAY['crow_owner', 'crow_app', 'crow_admin'] LOOP
      IF NOT has_schema_privilege(grantee, relation.relnamespace, 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', relation.relnamespace::regnamespace, grantee);
      END IF;
    END LOOP;
    IF relation.relowner <> 'crow_owner'::regrole THEN
      IF NOT has_schema_privilege('crow_owner', relation.relnamespace, 'CREATE') THEN
        EXECUTE format('GRANT CREATE ON SCHEMA %s TO crow_owner', relation.relnamespace::regnamespace);
      END IF;
      EXECUTE format('ALTER TABLE ONLY %s OWNER TO crow_owner', member);
    END IF;
    IF NOT relation.relrowsecurity THEN
      EXECUTE format('ALTER TABLE ONLY %s ENABLE ROW LEVEL SECURITY', member);
    END IF;
    IF NOT relation.relforcerowsecurity THEN
      EXECUTE format('ALTER TABLE ONLY %s FORCE ROW LEVEL SECURITY', member);
    END IF;
    FOR policy IN
      SELECT name, mode, polname IS NOT NULL AS present
      FROM (VALUES ('tenant_access', 'PERMISSIVE'), ('tenant_isolation', 'RESTRICTIVE')) AS ours (name, mode)
      LEFT JOIN pg_policy ON polrelid = member AND polname = name
      WHERE (polpermissive, polcmd, polroles, pg_get_expr(polqual, member), pg_get_expr(polwithcheck, member))
        IS DISTINCT FROM (mode = 'PERMISSIVE', '*'::"char", ARRAY[0::oid], printed, printed)
    LOOP
      IF policy.present THEN
        EXECUTE format('DROP POLICY %I ON %s', policy.name, member);
      END IF;
      EXECUTE format('CREATE POLICY %I ON %s AS %s FOR ALL TO PUBLIC USING (%s) WITH CHECK (%s)',
        policy.name, member, policy.mode, predicate, predicate);
    END LOOP;
    IF NOT EXISTS (
      SELECT FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
      WHERE adrelid = member AND attname = 'tenant_id' AND pg_get_expr(adbin, adrelid) = 'crow.current_tenant()')
    THEN
      EXECUTE format('ALTER TABLE ONLY %s ALTER COLUMN tenant_id SET DEFAULT crow.current_tenant()', member);
    END IF;
    -- A child reached by its own name escapes its parent's grants, so nobody is granted one.
    FOR grantee IN
      SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END
      FROM (
        SELECT relacl FROM pg_class WHERE oid = member
        UNION ALL
        SELECT attacl FROM pg_attribute WHERE attrelid = member
      ) AS acls (acl), aclexplode(acl) AS a
      WHERE a.grantee <> 'crow_owner'::regrole
        AND (member <> target OR a.grantee IN (0, 'crow_app'::regrole, 'crow_admin'::regrole, 'crow_open'::regrole))
    LOOP
      EXECUTE format('REVOKE ALL ON TABLE %s FROM %s CASCADE', member, grantee);
    END LOOP;
  END LOOP;
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE %s TO crow_app, crow_admin', target);
END $$;

-- The way back, as far as it is crow's: the table goes to whoever calls, and policies of other names stay.
CREATE OR REPLACE FUNCTION crow.unprotect(target pg_catalog.regclass) RETURNS pg_catalog.void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  member regclass;
  trigger name;
BEGIN
  FOR member IN SELECT * FROM crow.family(target) LOOP
    FOR trigger IN
      SELECT tgname FROM pg_trigger WHERE tgrelid = member AND tgfoid = 'crow.touch()'::regprocedure AND tgparentid = 0
    LOOP
      EXECUTE format('DROP TRIGGER %I ON %s', trigger, member);
    END LOOP;
    CONTINUE WHEN NOT EXISTS (
      SELECT FROM pg_policy WHERE polrelid = member AND polname IN ('tenant_access', 'tenant_isolation'));
    EXECUTE format('REVOKE ALL ON TABLE %s FROM crow_app, crow_admin CASCADE', member);
    EXECUTE format('DROP POLICY IF EXISTS tenant_access ON %s', member);
    EXECUTE format('DROP POLICY IF EXISTS tenant_isolation ON %s', member);
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = member) THEN
      EXECUTE format('ALTER TABLE ONLY %s NO FORCE ROW LEVEL SECURITY', member);
      EXECUTE format('ALTER TABLE ONLY %s DISABLE ROW LEVEL SECURITY', member);
    END IF;
    EXECUTE format('ALTER TABLE ONLY %s ALTER COLUMN tenant_id DROP DEFAULT', member);
    EXECUTE format('ALTER TABLE ONLY %s OWNER TO %I', member, current_user);
  END LOOP;
END $$;

-- Who went across tenants, when and why. The column is not called tenant_id: this is no tenant table.
CREATE TABLE IF NOT EXISTS crow.access_log (
  id pg_catalog.int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  actor pg_catalog.text NOT NULL,
  reason pg_catalog.text NOT NULL,
  role pg_catalog.name NOT NULL DEFAULT SESSION_USER,
  database pg_catalog.name NOT NULL DEFAULT pg_catalog.current_database(),
  application pg_catalog.text NOT NULL DEFAULT pg_catalog.current_setting('application_name'),
  client pg_catalog.inet DEFAULT pg_catalog.inet_client_addr(),
  mode pg_catalog.text NOT NULL,
  tenant pg_catalog.uuid,
  expires pg_catalog.timestamptz
);

-- Version 1 began with fewer columns. What is not known of the rows from then stays null.
ALTER TABLE crow.access_log
  ADD COLUMN IF NOT EXISTS client pg_catalog.inet, ADD COLUMN IF NOT EXISTS expires pg_catalog.timestamptz,
  ALTER COLUMN client SET DEFAULT pg_catalog.inet_client_addr();

DROP FUNCTION IF EXISTS crow.record_access(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.uuid);

-- The only way to write the log. What the server knows (role, time, database, application, client) is not asked
-- for. The session is marked in the same transaction, so no mark is without its record: crow.access and
-- application_name say which access this is, and as long as SQL does not say otherwise a reader's transactions are
-- read-only, and a role that lost BYPASSRLS gets an error rather than a part of the rows.
CREATE OR REPLACE FUNCTION crow.record_access(
  actor pg_catalog.text, reason pg_catalog.text, mode pg_catalog.text, tenant pg_catalog.uuid, expires pg_catalog.timestamptz
) RETURNS pg_catalog.int8
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  application CONSTANT text := current_setting('application_name');
  entry int8;
BEGIN
  IF btrim(coalesce(actor, ''), E' \t\r\n') = '' OR btrim(coalesce(reason, ''), E' \t\r\n') = ''
    OR mode IS NULL OR mode NOT IN ('read', 'write')
  THEN
    RAISE EXCEPTION 'access across tenants needs an actor, a reason and a mode, read or write'
      USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'crow.unexplained',
        HINT = 'Say who is asking (a person or a job) and what for.';
  END IF;
  IF expires <= clock_timestamp() THEN
    RAISE EXCEPTION 'this access expired at %', expires
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'crow.expired', HINT = 'Ask for a new one.';
  END IF;
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true); -- A record outlives a crash of the server.
  END IF;
  INSERT INTO crow.access_log (actor, reason, mode, tenant, expires)
  VALUES (actor, reason, mode, tenant, expires) RETURNING id INTO entry;
  PERFORM set_config('crow.access', entry::text, false),
    set_config('application_name', regexp_replace(left(application, 31) || ': ' || left(actor, 30), '[^ -~]', '?', 'g'), false),
    set_config('default_transaction_read_only', CASE mode WHEN 'read' THEN 'on' ELSE 'off' END, false),
    set_config('row_security', 'off', false);
  RETURN entry;
END $$;

-- Binds a tenant as crow.enter does, for an access that is on record: as long as it has not expired, and read-only
-- for a reader. Whoever records (the admin) and whoever enters (the application) are two roles on two connections.
CREATE OR REPLACE FUNCTION crow.enter_for(tenant pg_catalog.uuid, access pg_catalog.int8) RETURNS pg_catalog.void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  entry crow.access_log;
BEGIN
  SELECT * INTO entry FROM crow.access_log AS l WHERE l.id = access AND l.tenant = enter_for.tenant;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no access to this tenant is on record under this number'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'crow.unrecorded',
        HINT = 'Record it first, by crow.record_access as the admin role, in this database.';
  END IF;
  IF entry.expires <= clock_timestamp() THEN
    RAISE EXCEPTION 'this access expired at %', entry.expires
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'crow.expired', HINT = 'Ask for a new one.';
  END IF;
  PERFORM crow.enter(tenant);
  PERFORM set_config('crow.access', access::text, true);
  IF entry.mode = 'read' THEN
    PERFORM set_config('transaction_read_only', 'on', true);
  END IF;
END $$;

-- What was taken from PUBLIC, so that uninstalling gives back that and nothing else.
CREATE TABLE IF NOT EXISTS crow.hardening (
  kind pg_catalog.text NOT NULL,
  object pg_catalog.text NOT NULL,
  privilege pg_catalog.text NOT NULL,
  keepers pg_catalog.text NOT NULL,
  PRIMARY KEY (kind, object, privilege)
);

-- A superuser that installs owns what it has just created; all of it is the owner role's.
DO $$
DECLARE
  path CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
  object pg_catalog.record;
BEGIN
  SET LOCAL search_path = pg_catalog, pg_temp;
  FOR object IN
    SELECT 'SCHEMA' AS kind, 'crow' AS name FROM pg_namespace
    WHERE nspname = 'crow' AND nspowner <> 'crow_owner'::regrole
    UNION ALL
    SELECT 'FUNCTION', oid::regprocedure::text FROM pg_proc
    WHERE pronamespace = 'crow'::regnamespace AND proowner <> 'crow_owner'::regrole
    UNION ALL
    SELECT 'DOMAIN', oid::regtype::text FROM pg_type
    WHERE typnamespace = 'crow'::regnamespace AND typtype = 'd' AND typowner <> 'crow_owner'::regrole
    UNION ALL
    SELECT 'TABLE', oid::regclass::text FROM pg_class
    WHERE relnamespace = 'crow'::regnamespace AND relkind = 'r' AND relowner <> 'crow_owner'::regrole
  LOOP
    EXECUTE format('ALTER %s %s OWNER TO crow_owner', object.kind, object.name);
  END LOOP;
  PERFORM set_config('search_path', path, true);
END $$;

REVOKE ALL ON FUNCTION
  crow.enter(pg_catalog.uuid), crow.touch(), crow.family(pg_catalog.regclass), crow.defects(pg_catalog.regclass),
  crow.protect(pg_catalog.regclass), crow.unprotect(pg_catalog.regclass),
  crow.record_access(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.uuid, pg_catalog.timestamptz),
  crow.enter_for(pg_catalog.uuid, pg_catalog.int8)
FROM PUBLIC;

-- Policies and defaults call current_tenant with the rights of whoever queries, so it stays everybody's.
GRANT EXECUTE ON FUNCTION crow.version(), crow.current_tenant() TO PUBLIC;

GRANT EXECUTE ON FUNCTION crow.enter(pg_catalog.uuid) TO crow_app, crow_admin;

GRANT EXECUTE ON FUNCTION crow.enter_for(pg_catalog.uuid, pg_catalog.int8) TO crow_app;

GRANT EXECUTE ON FUNCTION
  crow.record_access(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.uuid, pg_catalog.timestamptz)
TO crow_admin;

GRANT SELECT ON TABLE crow.access_log TO crow_admin;

-- The migrator has this as a member of the owner too. The grant of its own shows other databases of the
-- cluster that the role is in use.
GRANT USAGE ON SCHEMA crow TO crow_app, crow_admin, crow_open, crow_migrator;

-- What one statement needs to switch tenants (set_config), to run SQL inside an expression, to see or stop
-- other sessions, or to keep data where row-level security does not reach (large objects, temporary tables,
-- tables of its own). The owner role keeps all of it, migrations and dumps need it; so do the predefined
-- roles that exist for it. On a managed server, whose system functions are not the installing role's, this is
-- skipped with a notice and found again by attestation.
DO $$
DECLARE
  path CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
  door pg_catalog.record;
  skipped pg_catalog.text;
BEGIN
  SET LOCAL search_path = pg_catalog, pg_temp;
  FOR door IN
    SELECT kind, object, privilege, keepers, pg_has_role(owner, 'USAGE') AS ours
    FROM (
      SELECT 'FUNCTION', oid::regprocedure::text, proowner, coalesce(proacl, acldefault('f', proowner)), 'EXECUTE',
        CASE
          WHEN proname ~ '^pg_stat_get' THEN 'crow_owner, pg_read_all_stats'
          WHEN proname ~ '^pg_(cancel|terminate)_backend$' THEN 'crow_owner, pg_signal_backend'
          ELSE 'crow_owner'
        END
      FROM pg_proc
      WHERE pronamespace = 'pg_catalog'::regnamespace
        AND (proname ~ '^(lo_.*|loread|lowrite|(query|cursor|table|schema|database)_to_xml.*|ts_stat)$'
          OR proname IN ('set_config', 'pg_notify', 'pg_cancel_backend', 'pg_terminate_backend',
            'pg_stat_get_activity', 'pg_stat_get_backend_activity')
          OR oid = 'ts_rewrite(tsquery, text)'::regprocedure)
      UNION ALL
      SELECT 'TABLE', oid::regclass::text, relowner, relacl, 'SELECT',
        CASE relname WHEN 'pg_stat_activity' THEN 'crow_owner, pg_read_all_stats' ELSE 'crow_owner' END
      FROM pg_class
      WHERE relnamespace = 'pg_catalog'::regnamespace
        AND relname IN ('pg_stats', 'pg_stats_ext', 'pg_stats_ext_exprs', 'pg_stat_activity')
      UNION ALL
      SELECT 'SCHEMA', 'public', nspowner, coalesce(nspacl, acldefault('n', nspowner)), 'CREATE', 'crow_owner'
      FROM pg_namespace WHERE nspname = 'public'
      UNION ALL
      SELECT 'DATABASE', '', datdba, coalesce(datacl, acldefault('d', datdba)), p, 'crow_owner'
      FROM pg_database, unnest(ARRAY['CREATE', 'TEMPORARY']) AS p WHERE datname = current_database()
    ) AS doors (kind, object, owner, acl, privilege, keepers)
    WHERE EXISTS (SELECT FROM aclexplode(acl) AS a WHERE a.grantee = 0 AND a.privilege_type = privilege)
    ORDER BY kind, object
  LOOP
    IF door.ours THEN
      INSERT INTO crow.hardening VALUES (door.kind, door.object, door.privilege, door.keepers) ON CONFLICT DO NOTHING;
      IF door.kind = 'DATABASE' THEN
        door.object := quote_ident(current_database());
      END IF;
      EXECUTE format('REVOKE %s ON %s %s FROM PUBLIC', door.privilege, door.kind, door.object);
      EXECUTE format('GRANT %s ON %s %s TO %s', door.privilege, door.kind, door.object, door.keepers);
    ELSE
      skipped := concat_ws(', ', skipped, door.privilege || ' on ' || lower(door.kind) || ' ' || door.object);
    END IF;
  END LOOP;
  IF skipped IS NOT NULL THEN
    RAISE NOTICE 'left to PUBLIC, because % may not revoke it: %', current_user, skipped;
  END IF;
  PERFORM set_config('search_path', path, true);
END $$;

-- What migrations need beyond that. A stock server gives none of it to PUBLIC.
DO $$
DECLARE
  path CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
BEGIN
  SET LOCAL search_path = pg_catalog, pg_temp;
  IF pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
    EXECUTE format('GRANT CREATE ON DATABASE %I TO crow_owner', current_database());
  END IF;
  IF pg_has_role((SELECT nspowner FROM pg_namespace WHERE nspname = 'public'), 'USAGE') THEN
    GRANT USAGE, CREATE ON SCHEMA public TO crow_owner;
  END IF;
  PERFORM set_config('search_path', path, true);
END $$;

-- Whoever installs through diesel has just made diesel's ledger; the migrator goes on writing it.
DO $$
DECLARE
  path CONSTANT pg_catalog.text := pg_catalog.current_setting('search_path');
  ledger pg_catalog.regclass := pg_catalog.to_regclass('__diesel_schema_migrations');
BEGIN
  SET LOCAL search_path = pg_catalog, pg_temp;
  IF (SELECT pg_has_role(relowner, 'USAGE') AND relowner <> 'crow_owner'::regrole FROM pg_class WHERE oid = ledger) THEN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE %s TO crow_owner', ledger);
  END IF;
  PERFORM set_config('search_path', path, true);
END $$;
