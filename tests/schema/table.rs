//! Tables that the builder describes: what becomes of them on a server.

use std::collections::BTreeSet;

use crow_core::Error;
use crow_core::schema::{Column, Name, Reference, SharedTable, TableMigrations, TenantTable, Type};
use crow_testkit::Database;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use libtest_mimic::Trial;

use crate::install::expect_refusal;
use crate::migration::harness;
use crate::session::Session;
use crate::snapshot::Snapshot;
use crate::world::{self, World};
use crate::{Fallible, trial};

const A: &str = "aaaaaaaa-0000-4000-8000-00000000000a";
const B: &str = "bbbbbbbb-0000-4000-8000-00000000000b";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "table::a library is what hand-written SQL with crow.protect makes, and passes attestation",
            library,
        ),
        trial("table::diesel runs the migrations, and reverts them", run_and_revert),
        trial("table::the diesel CLI's directories make the same database", directories),
        trial("table::the times are the database's, whatever is written", times),
        trial("table::a row goes, stays or is let go with the one it refers to, in its tenant", on_delete),
        trial("table::partitions are protected, and reached by nobody", partitions),
        trial("table::names that need quotes, in another schema", names),
        trial("table::words are quoted as the server quotes them", keywords),
        trial("table::a shared table is read by all and written by migrations", shared),
    ]
}

/// A lending library, with everything that a table can have.
fn tables() -> Result<TableMigrations, Error> {
    TableMigrations::new()
        .existing_type("genre")
        .create(
            "2026-01-01-000001_create_languages",
            SharedTable::new("languages")
                .key(Column::text("code"))
                .column(Column::text("name"))
                .unique(["name"]),
        )?
        .create(
            "2026-01-01-000002_create_members",
            TenantTable::new("members")
                .references(Reference::to("members").named("guardian_id").set_null())
                .column(Column::text("name"))
                .column(Column::text("email").nullable().check("email LIKE '%@%'"))
                .column(Column::new("tags", Type::Text.array()).default("'{}'"))
                .unique(["email"])
                .index(["name", "email"])
                .index_where(["created_at"], "email IS NULL"),
        )?
        .create(
            "2026-01-01-000003_create_books",
            TenantTable::new("books")
                .references("languages")
                .column(Column::new("genre", Type::named("genre")))
                .column(Column::new("isbn", Type::Varchar(13)))
                .column(Column::int8("cents").default("0").check("cents >= 0"))
                .unique(["isbn"])
                .index(["language_code", "genre"]),
        )?
        .create(
            "2026-01-01-000004_create_loans",
            TenantTable::new("loans")
                .references(Reference::to("members").cascade())
                .references("books")
                .column(Column::date("due_on"))
                .partition_by_tenant_hash(4),
        )
}

const BY_HAND: &str = "
CREATE TABLE languages (code text PRIMARY KEY, name text NOT NULL UNIQUE);
ALTER TABLE languages OWNER TO crow_owner;
GRANT SELECT ON languages TO crow_app, crow_admin;
CREATE TABLE members (
  tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT gen_random_uuid(), guardian_id uuid, name text NOT NULL,
  email text CHECK (email LIKE '%@%'), tags text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, email),
  FOREIGN KEY (tenant_id, guardian_id) REFERENCES members ON DELETE SET NULL (guardian_id));
CREATE INDEX ON members (tenant_id, name, email);
CREATE INDEX ON members (tenant_id, created_at) WHERE email IS NULL;
CREATE INDEX ON members (tenant_id, guardian_id);
CREATE TABLE books (
  tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT gen_random_uuid(),
  language_code text NOT NULL REFERENCES languages, genre genre NOT NULL, isbn varchar(13) NOT NULL,
  cents bigint NOT NULL DEFAULT 0 CHECK (cents >= 0),
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, isbn));
CREATE INDEX ON books (tenant_id, language_code, genre);
CREATE TABLE loans (
  tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT gen_random_uuid(), member_id uuid NOT NULL, book_id uuid NOT NULL,
  due_on date NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, member_id) REFERENCES members ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, book_id) REFERENCES books) PARTITION BY HASH (tenant_id);
CREATE INDEX ON loans (tenant_id, member_id);
CREATE INDEX ON loans (tenant_id, book_id);
CREATE TABLE loans_p0 PARTITION OF loans FOR VALUES WITH (MODULUS 4, REMAINDER 0);
CREATE TABLE loans_p1 PARTITION OF loans FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE loans_p2 PARTITION OF loans FOR VALUES WITH (MODULUS 4, REMAINDER 2);
CREATE TABLE loans_p3 PARTITION OF loans FOR VALUES WITH (MODULUS 4, REMAINDER 3);
DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['members', 'books', 'loans'] LOOP
    EXECUTE format('CREATE TRIGGER touch_new BEFORE INSERT ON %I FOR EACH ROW
      WHEN (NEW.created_at <> now() OR NEW.updated_at <> now()) EXECUTE FUNCTION crow.touch()', t);
    EXECUTE format('CREATE TRIGGER touch BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION crow.touch()', t);
    PERFORM crow.protect(t::regclass);
  END LOOP;
END $$";

/// A database in which the migrator has made the type that a column has.
async fn empty() -> Fallible<(Database, Session, Session)> {
    let (database, superuser) = World::crow().database(&world::server(false)?).await?;
    let migrator = Session::open(&database.url("crow_migrator")).await?;
    migrator.run("CREATE TYPE genre AS ENUM ('crime', 'poetry')").await?;
    Ok((database, superuser, migrator))
}

/// A library with the two tenants, and the application's session.
async fn filled() -> Fallible<(Database, Session, Session)> {
    let (database, superuser, migrator) = empty().await?;
    create(&migrator, &tables()?).await?;
    let rows = "INSERT INTO languages VALUES ('en', 'English');
        INSERT INTO members (tenant_id, name) SELECT tenant, 'Ada' FROM unnest(ARRAY['{a}', '{b}']::uuid[]) AS tenant;
        INSERT INTO members (tenant_id, name, guardian_id) SELECT tenant_id, 'Bob', id FROM members;
        INSERT INTO books (tenant_id, language_code, genre, isbn) SELECT DISTINCT tenant_id, 'en', 'crime'::genre, '1' FROM members;
        INSERT INTO loans (tenant_id, member_id, book_id, due_on)
        SELECT m.tenant_id, m.id, b.id, now() FROM members AS m JOIN books AS b USING (tenant_id)";
    migrator.run(&world::fill_in(rows, &[])).await?;
    let app = Session::open(&database.url("crow_app")).await?;
    Ok((database, superuser, app))
}

async fn create(session: &Session, migrations: &TableMigrations) -> Fallible {
    for migration in migrations.iter() {
        session.run_each(migration.statements()).await?;
    }
    Ok(())
}

fn enter(tenant: &str, statements: &str) -> String {
    format!("BEGIN; SELECT crow.enter('{tenant}'); {statements}; COMMIT")
}

/// The audit finds nothing about these tables, beside the world's, but that some columns are better not searched for.
pub(crate) async fn expect_sound(url: &str, tenants: &[&str], shared: &[&str]) -> Fallible {
    let tenants = [&["doc", "note", "tally", "event"], tenants].concat();
    let mut findings = crate::audit::found(url, &tenants, &[&["plan"], shared].concat()).await?;
    findings.retain(|finding| finding.rule != "D7");
    if findings.is_empty() { Ok(()) } else { Err(format!("{findings:#?}").into()) }
}

async fn library() -> Fallible {
    let (database, superuser, migrator) = empty().await?;
    let before = Snapshot::take(&superuser).await?.without("role ");
    migrator.run(BY_HAND).await?;
    let by_hand = Snapshot::take(&superuser).await?.without("oid of policy").without("role ");
    assert!(before.distance(&by_hand) > 80);
    migrator.run("DROP TABLE loans, books, members, languages").await?;

    create(&migrator, &tables()?).await?;
    let built = Snapshot::take(&superuser).await?.without("oid of policy").without("role ");
    by_hand.expect_same(&built)?;

    let tenants = ["members", "books", "loans"];
    expect_sound(&database.url("crow_app"), &tenants, &["languages"]).await?;
    for table in tenants {
        migrator.run(&format!("SELECT crow.protect('{table}')")).await?;
    }
    built.expect_same(&Snapshot::take(&superuser).await?.without("oid of policy").without("role "))
}

async fn run_and_revert() -> Fallible {
    let (database, superuser, _) = empty().await?;
    superuser.run("SET SESSION AUTHORIZATION crow_migrator").await?;
    let url = database.url("crow_migrator");
    harness(&url, |diesel| diesel.has_pending_migration(TableMigrations::new())).await?;
    let before = Snapshot::take(&superuser).await?.without("role ");

    let migrations = tables()?.sql(
        "2026-01-02-000001_own",
        "CREATE TABLE own (i int); CREATE INDEX ON own (i);",
        "DROP TABLE own",
    )?;
    let [run, again, revert] = [(); 3].map(|()| migrations.clone());
    let versions = harness(&url, move |diesel| Ok(diesel.run_pending_migrations(run)?.len())).await?;
    assert_eq!(versions, 5);
    let more = harness(&url, move |diesel| Ok(diesel.run_pending_migrations(again)?.len())).await?;
    assert_eq!(more, 0);
    let reverted = harness(&url, move |diesel| Ok(diesel.revert_all_migrations(revert)?.len())).await?;
    assert_eq!(reverted, 5);
    before.expect_same(&Snapshot::take(&superuser).await?.without("role "))
}

async fn directories() -> Fallible {
    let (database, superuser, migrator) = empty().await?;
    let directory = tempfile::tempdir()?;
    let migrations = tables()?;
    migrations.write_to(directory.path())?;
    migrations.write_to(directory.path())?;
    let found = FileBasedMigrations::from_path(directory.path())?;
    let names = |source: &dyn MigrationSource<Pg>| -> Fallible<Vec<String>> {
        let mut names: Vec<_> =
            source.migrations()?.iter().map(|migration| migration.name().to_string()).collect();
        names.sort();
        Ok(names)
    };
    assert_eq!(names(&found)?, names(&migrations)?);

    create(&migrator, &migrations).await?;
    let built = Snapshot::take(&superuser).await?.without("oid of policy").without("role ");
    migrator.run("DROP TABLE loans, books, members, languages").await?;
    let url = database.url("crow_migrator");
    harness(&url, move |diesel| Ok(diesel.run_pending_migrations(found)?.len())).await?;
    migrator.run("DROP TABLE __diesel_schema_migrations").await?;
    built.expect_same(&Snapshot::take(&superuser).await?.without("oid of policy").without("role "))?;

    // A migration that has run must not change.
    let up = directory.path().join("2026-01-01-000003_create_books/up.sql");
    std::fs::write(&up, "SELECT 1;")?;
    let refused = migrations.write_to(directory.path()).expect_err("another text");
    assert_eq!(refused.kind(), std::io::ErrorKind::AlreadyExists);
    assert!(
        refused.to_string().contains("000003_create_books/up.sql is there with another text"),
        "{refused}"
    );
    Ok(())
}

/// The same statements on a table without the triggers, as the control.
async fn times() -> Fallible {
    let (_database, superuser, app) = filled().await?;
    superuser
        .run("CREATE TABLE control (LIKE members INCLUDING ALL); SELECT crow.protect('control')")
        .await?;
    let forged = |table: &str| {
        let insert = format!(
            "INSERT INTO {table} (name, created_at, updated_at) VALUES ('Eve', '2001-01-01', '2001-01-01')"
        );
        let upsert = format!(
            "INSERT INTO {table} (name, email, created_at) VALUES ('Eve', 'e@e', '2001-01-01')
             ON CONFLICT (tenant_id, email) DO UPDATE SET created_at = '2001-01-01', updated_at = '2001-01-01'"
        );
        let update = format!("UPDATE {table} SET created_at = '2001-01-01', updated_at = '2001-01-01'");
        [insert, upsert.clone(), upsert, update]
    };
    for (table, times) in [("control", "t"), ("members", "f")] {
        for statement in forged(table) {
            app.run(&enter(A, &statement)).await?;
            let old = format!(
                "SELECT bool_or(created_at < '2002-01-01' OR updated_at < '2002-01-01') FROM {table}"
            );
            assert_eq!(superuser.run(&old).await?, [times], "{statement}");
        }
    }

    let hostile = "SET search_path = hostile, pg_catalog, public";
    superuser.run(world::HOSTILE_SCHEMA).await?;
    superuser.run("GRANT USAGE ON SCHEMA hostile TO crow_app").await?;
    for statement in forged("members") {
        app.run(&format!("{hostile}; {}; RESET search_path", enter(A, &statement))).await?;
    }
    let order = "SELECT count(DISTINCT created_at) = count(*) AND bool_and(updated_at >= created_at) FROM members WHERE name = 'Eve'";
    assert_eq!(superuser.run(order).await?, ["t"]);
    let before = superuser.run("SELECT id, created_at FROM members ORDER BY id").await?;
    app.run(&enter(A, "UPDATE members SET name = 'Ada'")).await?;
    assert_eq!(superuser.run("SELECT id, created_at FROM members ORDER BY id").await?, before);
    for attack in [
        "ALTER TABLE members DISABLE TRIGGER touch",
        "SET session_replication_role = replica",
        "DROP TRIGGER touch ON members",
    ] {
        expect_refusal(app.run(attack).await, "42501: ")?;
    }
    Ok(())
}

async fn on_delete() -> Fallible {
    let (_database, superuser, app) = filled().await?;
    let members = "SELECT name, guardian_id IS NULL FROM members WHERE tenant_id = '{a}' ORDER BY name";
    let members = world::fill_in(members, &[]);
    expect_refusal(app.run(&enter(A, "DELETE FROM books")).await, "23503: ")?;
    app.run("ROLLBACK").await?;
    app.run(&enter(A, "DELETE FROM members WHERE name = 'Ada'")).await?;
    assert_eq!(superuser.run(&members).await?, ["Bob|t"]);
    let loans = "SELECT tenant_id, count(*) FROM loans GROUP BY 1 ORDER BY 1";
    assert_eq!(superuser.run(loans).await?, [format!("{A}|1"), format!("{B}|2")]);

    // Nobody can hang a row on another tenant's.
    let other =
        superuser.run(&format!("SELECT id FROM members WHERE tenant_id = '{B}' LIMIT 1")).await?.concat();
    let link = format!("INSERT INTO members (name, guardian_id) VALUES ('Eve', '{other}')");
    expect_refusal(app.run(&enter(A, &link)).await, "23503: ")
}

async fn partitions() -> Fallible {
    let (_database, superuser, app) = filled().await?;
    let occupied = "SELECT DISTINCT tableoid::regclass::text FROM loans ORDER BY 1";
    let occupied = superuser.run(occupied).await?;
    for partition in &occupied {
        let query = format!("SELECT count(*) FROM {partition}");
        expect_refusal(app.run(&enter(A, &query)).await, "42501: permission denied for table loans_p")?;
        app.run("ROLLBACK").await?;
        // The control: what protects it if somebody grants it.
        superuser.run(&format!("GRANT SELECT ON {partition} TO crow_app")).await?;
        expect_refusal(app.run(&query).await, "42501 crow.no_tenant: ")?;
        superuser.run(&format!("ALTER TABLE {partition} DISABLE ROW LEVEL SECURITY")).await?;
        assert_ne!(app.run(&query).await?, ["0"]);
    }
    Ok(())
}

async fn names() -> Fallible {
    let (database, superuser, migrator) = empty().await?;
    migrator.run(r#"CREATE SCHEMA "My ""Shop"; CREATE TYPE "My ""Shop"."Size" AS ENUM ('L')"#).await?;
    // 63 bytes with `_tenant_id_i_idx`, and one more.
    let longest = "é".repeat(23) + "x";
    let table = |name: &str| TenantTable::new(("My \"Shop", name)).column(Column::int4("i")).index(["i"]);
    let schema = "My \"Shop";
    let migrations = TableMigrations::new()
        .existing_type((schema, "Size"))
        .create(
            "1_orders",
            TenantTable::new((schema, "Order's"))
                .references(Reference::to((schema, "Order's")).named("user").set_null())
                .column(Column::text("select").check("\"select\" <> 'a;b'"))
                .column(Column::new("Größe", Type::named((schema, "Size"))))
                .unique(["select", "Größe"])
                .index_where(["user"], "\"select\" = 'it''s'")
                .partition_by_tenant_hash(2),
        )?
        .create("2_longest", table(&longest))?;
    create(&migrator, &migrations).await?;
    let refused = migrations.clone().create("3_too_long", table(&(longest.clone() + "x")));
    let refused = refused.expect_err("64 bytes").to_string();
    assert!(refused.contains("has 64 bytes: PostgreSQL keeps 63"), "{refused}");

    let app = Session::open(&database.url("crow_app")).await?;
    app.run(&enter(A, r#"INSERT INTO "My ""Shop"."Order's" ("select", "Größe") VALUES ('x', 'L')"#)).await?;
    let tables = [r#""My ""Shop"."Order's""#, &format!(r#""My ""Shop".{longest}"#)];
    expect_sound(&database.url("crow_app"), &tables, &[]).await?;
    let names = format!(
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = '\"My \"\"Shop\".{longest}'::regclass ORDER BY 1"
    );
    let names = superuser.run(&names).await?;
    assert!(names.contains(&format!("\"My \"\"Shop\".\"{longest}_tenant_id_i_idx\"")), "{names:?}");
    for migration in migrations.iter() {
        migrator.run(&migration.down_sql()).await?;
    }
    Ok(())
}

async fn keywords() -> Fallible {
    let session = Session::open(&world::server(false)?.superuser_url("postgres")).await?;
    let words: BTreeSet<String> =
        session.run("SELECT word FROM pg_get_keywords()").await?.into_iter().collect();
    assert!(words.len() > 400);
    for word in words {
        let quoted = session.run(&format!("SELECT quote_ident('{word}')")).await?.concat();
        let ours = Name::from(&*word).to_string();
        // Words that only later releases keep for themselves are quoted as well.
        assert!(ours == quoted || quoted == word && ours == format!("\"{word}\""), "{word}");
        if quoted != word {
            assert_eq!(ours, quoted);
        }
    }
    Ok(())
}

async fn shared() -> Fallible {
    let (database, _, app) = filled().await?;
    assert_eq!(app.run("SELECT * FROM languages").await?, ["en|English"]);
    let admin = Session::open(&database.url("crow_admin")).await?;
    for session in [&app, &admin] {
        for attack in [
            "INSERT INTO languages VALUES ('xx', 'x')",
            "UPDATE languages SET name = 'x'",
            "DELETE FROM languages",
        ] {
            expect_refusal(session.run(attack).await, "42501: permission denied for table languages")?;
        }
    }
    let migrator = Session::open(&database.url("crow_migrator")).await?;
    migrator.run("INSERT INTO languages VALUES ('de', 'Deutsch')").await?;
    Ok(())
}
