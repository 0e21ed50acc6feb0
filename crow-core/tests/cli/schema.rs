//! What changes a database: the plan first, then all of it or nothing.

use crow_core::schema::VERSION;
use crow_testkit::{Database, Server, ServerOptions};

use crate::{Outcome, crow, run_sql, shop};

/// Roles belong to the server, so this is one of its own.
fn server() -> Outcome<Server> {
    Ok(Server::private(ServerOptions::default())?)
}

#[tokio::test]
async fn crow_is_installed_upgraded_and_taken_out_again() -> Outcome {
    let server = server()?;
    let url = server.superuser_url("postgres");
    for command in ["upgrade", "uninstall"] {
        crow(&url, &[command, "--yes"]).expect(2, &[], &["crow is not installed in this database"]);
    }
    crow(&url, &["protect", "t", "--yes"]).expect(2, &[], &["crow is not installed", "crow install"]);
    crow(&url, &["roles"]).expect(1, &["crow_app", "missing", "crow roles --create"], &[]);
    let install = format!("Install crow's schema, version {VERSION}: database postgres, as postgres");
    let plan = [install.as_str(), "are made: crow_owner, crow_migrator"];
    crow(&url, &["install", "--dry-run"]).expect(0, &plan, &[]);
    crow(&url, &["install"]).expect(2, &plan, &["nobody is there to ask: say --yes"]);
    crow(&url, &["audit"]).expect(1, &["S1"], &[]);

    crow(&url, &["roles", "--create", "--dry-run"]).expect(0, &["missing"], &[]);
    crow(&url, &["roles", "--create", "--yes"]).expect(0, &["Done"], &[]);
    crow(&url, &["roles"]).expect(
        0,
        &[
            "crow_admin     LOGIN BYPASSRLS",
            "ALTER ROLE crow_app PASSWORD '..'",
            "ALTER ROLE crow_open PASSWORD '..'",
            "GRANT CONNECT ON DATABASE postgres TO crow_app, crow_admin, crow_open, crow_migrator;",
        ],
        &[],
    );
    run_sql(&url, "ALTER ROLE crow_app CREATEDB").await?;
    crow(&url, &["roles"]).expect(1, &["LOGIN CREATEDB, should be LOGIN"], &[]);

    crow(&url, &["install", "--guard", "--yes"]).expect(
        0,
        &["an event trigger", "Done, in one transaction."],
        &[],
    );
    let report = crow(&url, &["audit", "--fail-on", "critical"]).expect(0, &["role crow_app"], &[]);
    assert!(!report.out.contains("E11"), "{}", report.out);
    let upgrade = format!("from version {VERSION} to {VERSION}");
    crow(&url, &["upgrade", "--yes"]).expect(0, &[&upgrade, "Done"], &[]);
    assert!(run_sql(&url, "CREATE TABLE t (tenant_id uuid)").await.is_err(), "the guard is still there");

    run_sql(
        &url,
        "CREATE TABLE t (tenant_id uuid NOT NULL, PRIMARY KEY (tenant_id)); SELECT crow.protect('t')",
    )
    .await?;
    crow(&url, &["uninstall", "--yes"]).expect(
        2,
        &["0 accesses"],
        &["crow still protects these tables: public.t"],
    );
    run_sql(&url, "DROP TABLE t").await?;
    crow(&url, &["uninstall", "--dry-run"]).expect(0, &["drops schema crow"], &[]);
    crow(&url, &["uninstall", "--yes"]).expect(0, &["Done"], &[]);
    crow(&url, &["upgrade", "--yes"]).expect(2, &[], &["not installed"]);
    Ok(())
}

#[test]
fn the_sql_of_the_schema_is_printed_without_a_database() {
    let printed = crow("", &["install", "--print-sql"]).expect(0, &[], &[]).out;
    assert_eq!(printed.trim_end(), crow_core::schema::INSTALL_SQL.trim_end());
}

#[tokio::test]
async fn an_owner_who_may_not_use_the_roles_is_told_what_is_missing() -> Outcome {
    let server = server()?;
    let root = server.superuser_url("postgres");
    crow(&root, &["install", "--yes"]).expect(0, &["Done"], &[]);
    run_sql(&root, "CREATE ROLE landlord LOGIN CREATEROLE").await?;
    run_sql(&root, "CREATE DATABASE shop OWNER landlord").await?;
    let landlord = server.url("landlord", "shop");
    if server_is_before_16(&root).await {
        // There CREATEROLE was enough.
        crow(&landlord, &["install", "--yes"]).expect(0, &["Done"], &[]);
        return Ok(());
    }
    let says = "has to grant crow_owner to the role that installs first";
    crow(&landlord, &["install", "--yes"]).expect(2, &[], &["permission denied", says]);
    crow(&landlord, &["upgrade", "--yes"]).expect(2, &[], &["not installed"]);
    run_sql(&root, "GRANT crow_owner TO landlord").await?;
    crow(&landlord, &["install", "--yes"]).expect(0, &["Done"], &[]);
    Ok(())
}

#[tokio::test]
async fn an_owner_who_makes_no_roles_is_told_who_does() -> Outcome {
    let server = server()?;
    let root = server.superuser_url("postgres");
    run_sql(&root, "CREATE ROLE landlord LOGIN").await?;
    run_sql(&root, "CREATE DATABASE shop OWNER landlord").await?;
    let landlord = server.url("landlord", "shop");
    let says = "Making crow's roles takes CREATEROLE, or a superuser";
    let refused =
        crow(&landlord, &["install", "--yes"]).expect(2, &[], &["permission denied to create role", says]);
    assert!(!refused.err.contains("Connect as"), "{}", refused.err);
    crow(&landlord, &["roles", "--create", "--yes"]).expect(2, &[], &[says]);
    Ok(())
}

async fn server_is_before_16(url: &str) -> bool {
    let sql = "DO $$ BEGIN IF current_setting('server_version_num')::int >= 160000 THEN RAISE 'later'; END IF; END $$";
    run_sql(url, sql).await.is_ok()
}

async fn is_protected(database: &Database, table: &str) -> bool {
    let sql = format!(
        "DO $$ BEGIN IF NOT (SELECT relforcerowsecurity FROM pg_class WHERE oid = '{table}'::regclass) THEN RAISE 'no'; END IF; END $$"
    );
    run_sql(&database.superuser_url(), &sql).await.is_ok()
}

#[tokio::test]
async fn tables_are_protected_all_or_none() -> Outcome {
    let database = shop().await?;
    let url = database.superuser_url();
    crow(&url, &["protect", "records", "--dry-run"]).expect(
        0,
        &["SELECT crow.protect('public.records')"],
        &[],
    );
    assert!(!is_protected(&database, "records").await);

    run_sql(&url, "CREATE TABLE bad (tenant_id uuid, email text UNIQUE)").await?;
    crow(&url, &["protect", "records", "bad", "--yes"]).expect(
        1,
        &["Nothing was changed", "bad.tenant_id is nullable", "bad_email_key"],
        &[],
    );
    assert!(!is_protected(&database, "records").await);

    crow(&url, &["protect", "records", "gone", "--yes"]).expect(2, &[], &["there is no table gone"]);
    crow(&url, &["protect", "a..b", "--yes"]).expect(2, &[], &["a..b", "a name that SQL quotes"]);
    crow(&database.url("crow_app"), &["protect", "records", "--yes"]).expect(
        2,
        &[],
        &["permission denied", "Connect as crow_migrator"],
    );
    crow(&url, &["protect", "records", "vehicles", "--yes"]).expect(0, &["Done."], &[]);
    assert!(is_protected(&database, "records").await);
    Ok(())
}

#[tokio::test]
async fn names_that_sql_quotes_are_found_and_kept() -> Outcome {
    let database = shop().await?;
    let url = database.superuser_url();
    let longest = "a23456789_123456789_123456789_123456789_123456789_123456789_123";
    let tables = [r#""My ""Shop"""."select""#, r#""It's \ back""#, "\"Größe\"", longest, r#""a.b""#];
    run_sql(&url, r#"CREATE SCHEMA "My ""Shop"""; GRANT USAGE ON SCHEMA "My ""Shop""" TO crow_migrator"#)
        .await?;
    for table in tables {
        let sql = format!(
            "CREATE TABLE {table} (gone int, tenant_id uuid NOT NULL, \"order\" int, PRIMARY KEY (tenant_id, \"order\")); ALTER TABLE {table} DROP gone"
        );
        run_sql(&url, &sql).await?;
    }
    crow(&url, &["protect", "My Shop.select", "--yes"]).expect(
        2,
        &[],
        &["My Shop.select", "a name that SQL quotes needs its quotes here too"],
    );
    crow(&url, &[&["protect"], &tables[..], &["--yes"]].concat()).expect(0, &["Done."], &[]);
    crow(&url, &["audit", "--fail-on", "critical"]).expect(0, &["6 tenant tables"], &[]);
    crow(&url, &["matrix"]).expect(0, &tables, &[]);
    Ok(())
}

#[tokio::test]
async fn the_matrix_shows_who_can_do_what() -> Outcome {
    let database = shop().await?;
    let url = database.superuser_url();
    run_sql(&url, "GRANT UPDATE (name) ON makes TO crow_open").await?;
    let matrix = crow(&url, &["matrix"]).expect(0, &["Small letters reach the rows of one tenant"], &[]).out;
    let row = |name: &str| -> Vec<&str> {
        matrix
            .lines()
            .find(|line| line.starts_with(name))
            .map(|line| line.split_whitespace().collect())
            .unwrap_or_default()
    };
    let heads: Vec<_> = matrix.lines().next().unwrap_or_default().split_whitespace().collect();
    assert_eq!(heads, ["crow_admin", "crow_app", "crow_migrator", "crow_open", "crow_owner"]);
    assert_eq!(row("public.vehicles"), ["public.vehicles", "guarded", "SIUD", "siud", "owner", "-", "owner"]);
    assert_eq!(row("public.records"), ["public.records", "OPEN", "-", "-", "-", "-", "-"]);
    assert_eq!(row("public.makes"), ["public.makes", "plain", "-", "S", "-", "U*", "-"]);
    let one = crow(&url, &["matrix", "--role", "crow_app"]).expect(0, &["crow_app"], &[]).out;
    assert!(!one.contains("crow_admin"), "{one}");
    crow(&url, &["matrix", "--role", "nobody_here"]).expect(2, &[], &["there is no role nobody_here"]);
    Ok(())
}

#[tokio::test]
async fn tables_with_rows_are_adopted() -> Outcome {
    let database = shop().await?;
    let url = database.superuser_url();
    let tables = "CREATE TABLE customers (id serial PRIMARY KEY, account uuid NOT NULL);
        CREATE TABLE \"my=orders\" (id serial PRIMARY KEY, customer_id int REFERENCES customers);
        INSERT INTO customers (account) VALUES (gen_random_uuid()); INSERT INTO \"my=orders\" (customer_id) VALUES (1)";
    run_sql(&url, tables).await?;
    let orders = "\"my=orders\"=(SELECT c.tenant_id FROM customers AS c WHERE c.id = customer_id)";
    crow(&url, &["adopt", "customers=account", "--yes"]).expect(
        2,
        &[],
        &["refers to public.customers: adopt it as well"],
    );
    crow(&url, &["adopt", "nowhere", "--yes"]).expect(2, &[], &["there is no table nowhere"]);
    let plan = ["-- Adopt: database", "-- 1. public.customers", "PERFORM crow.protect('public.customers')"];
    for _ in 0..2 {
        crow(&url, &["adopt", "customers=account", orders, "--dry-run"]).expect(0, &plan, &[]);
    }
    let told = "1/27 public.customers: the column, empty\n";
    crow(&url, &["adopt", "customers=account", orders, "--until-cut-over", "--yes"]).expect(
        0,
        &["Done."],
        &[told],
    );
    let rest = ["-- 1. from here on a row is reached by who has entered its tenant"];
    crow(&url, &["adopt", "customers", "\"my=orders\"", "--dry-run"]).expect(0, &rest, &[]);
    crow(&url, &["adopt", "customers=account", orders, "--yes"]).expect(0, &["Done."], &[]);
    crow(&url, &["adopt", "customers", "\"my=orders\"", "--yes"]).expect(0, &["Nothing is left to do"], &[]);
    crow(&url, &["protect", "customers", "\"my=orders\"", "--yes"]).expect(0, &["Done"], &[]);
    Ok(())
}

#[tokio::test]
async fn the_sql_of_a_table_is_printed_and_runs() -> Outcome {
    let database = shop().await?;
    let arguments = [
        "table",
        "parts",
        "name:text",
        "cents:int8?",
        "--references",
        "vehicles:cascade",
        "--unique",
        "name",
        "--partitions",
        "2",
    ];
    let sql = [
        "    vehicle_id uuid        NOT NULL,\n    name       text        NOT NULL,\n    cents      int8,\n",
        "UNIQUE (tenant_id, name)",
        "REFERENCES vehicles (tenant_id, id) ON DELETE CASCADE",
        "SELECT crow.protect('parts');\n",
    ];
    let run = crow("", &arguments).expect(0, &sql, &[]);
    run_sql(&database.superuser_url(), &run.out).await?;
    // A table that was there before may have another key.
    let gyms = "CREATE TABLE gyms (tenant_id uuid NOT NULL, id bigint NOT NULL, PRIMARY KEY (tenant_id, id)); \
                SELECT crow.protect('gyms')";
    run_sql(&database.superuser_url(), gyms).await?;
    let run = crow("", &["table", "lockers", "number:int4", "--references", "gyms:int8:cascade"]);
    let run = run.expect(
        0,
        &["    gym_id     int8        NOT NULL,\n", "gyms (tenant_id, id) ON DELETE CASCADE"],
        &[],
    );
    run_sql(&database.superuser_url(), &run.out).await?;
    for (reference, fault) in [
        (
            "gyms:in8",
            "in8: say cascade or set-null behind gyms, or the type of its key: the column type \"in8\" is not known",
        ),
        ("gyms:cascade:set-null", "cascade: say cascade or set-null behind gyms"),
        ("lockers:int8", "the key of lockers is a uuid"),
    ] {
        crow("", &["table", "lockers", "--references", reference]).expect(2, &[], &[fault]);
    }
    crow("", &["table", "parts", "name:text", "--schema-rs"]).expect(
        0,
        &["    parts (tenant_id, id) {", "name -> Text,"],
        &[],
    );
    crow("", &["table", "parts", "name:strng"]).expect(
        2,
        &[],
        &["name: the column type \"strng\" is not known"],
    );
    crow("", &["table", "parts", "name"]).expect(2, &[], &["name: write the type behind it"]);
    crow("", &["table", "parts", "--unique", "name"]).expect(
        2,
        &[],
        &["cannot create table parts", "no column name"],
    );
    Ok(())
}
