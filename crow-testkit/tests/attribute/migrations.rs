//! Migrations that are wrong, or odd.

use std::fs;
use std::path::PathBuf;

use crow_core::schema::INSTALL_SQL;
use crow_testkit::{Error, Server, ServerOptions, TestDb};
use tempfile::TempDir;

/// A directory of migrations that a test writes.
struct Migrations(TempDir);

impl Migrations {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn with(self, name: &str, sql: &str) -> Self {
        let directory = self.0.path().join(name);
        fs::create_dir(&directory).expect("a directory");
        fs::write(directory.join("up.sql"), sql).expect("a file");
        self
    }

    fn path(&self) -> PathBuf {
        self.0.path().into()
    }

    async fn fail(&self) -> Failed {
        match TestDb::new(self.path()).await {
            Err(Error::Migration { migration, line, reason }) => Failed { file: migration, line, reason },
            other => panic!("{other:?}"),
        }
    }
}

#[derive(Debug)]
struct Failed {
    file: String,
    line: Option<usize>,
    reason: String,
}

const LIFTS: &str = "CREATE TABLE lifts (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT crow.protect('lifts');
";

#[tokio::test]
async fn one_that_fails_is_shown_with_file_line_and_the_servers_words() {
    let wrong = "-- Größe: where bytes and characters differ.\nSELECT 1;\n\nCREATE TABLE ramps (id uuid,\n  width nonsense);\n";
    let migrations = Migrations::new().with("1_create_lifts", LIFTS).with("2_create_ramps", wrong);
    let failed = migrations.fail().await;
    assert!(failed.file.ends_with("2_create_ramps/up.sql"), "{failed:?}");
    assert_eq!(failed.line, Some(5), "{failed:?}");
    assert!(failed.reason.contains("type \"nonsense\" does not exist (SQLSTATE 42704)"), "{failed:?}");
    let text = TestDb::new(migrations.path()).await.expect_err("it is still wrong").to_string();
    assert!(text.contains("2_create_ramps/up.sql:5 failed: type \"nonsense\""), "{text}");
}

#[tokio::test]
async fn what_the_server_adds_is_shown_and_a_refusal_without_a_position_has_no_line() {
    let nullable = LIFTS
        .replace("tenant_id uuid NOT NULL", "tenant_id uuid")
        .replace("    PRIMARY KEY (tenant_id, id)\n", "    UNIQUE (id)\n");
    let failed = Migrations::new().with("1_create_lifts", &nullable).fail().await;
    assert_eq!(failed.line, None);
    for part in ["crow.protect", "tenant_id", "context: PL/pgSQL function", "statement: number 2 of the file"]
    {
        assert!(failed.reason.contains(part), "no {part}: {}", failed.reason);
    }
}

/// The position is one in the text of that other statement.
#[tokio::test]
async fn a_failure_in_a_statement_that_a_function_makes_has_no_line() {
    let sql = "SELECT 1;\n\nDO $$ BEGIN EXECUTE 'SELECT nonsense'; END $$;\n";
    let failed = Migrations::new().with("1_compute", sql).fail().await;
    assert_eq!(failed.line, None);
    assert!(failed.reason.contains("column \"nonsense\" does not exist"), "{failed:?}");
}

#[tokio::test]
async fn one_without_a_transaction_fails_in_the_same_place() {
    let sql = "CREATE TABLE ramps ();\nINSERT INTO ramps\n  SELECT nonsense;\n";
    let migrations = Migrations::new().with("1_create_ramps", sql);
    fs::write(migrations.path().join("1_create_ramps/metadata.toml"), "run_in_transaction = false\n")
        .expect("a file");
    let failed = migrations.fail().await;
    assert!(failed.reason.contains("nonsense"), "{failed:?}");
    assert_eq!(failed.line, Some(3), "{failed:?}");
}

#[tokio::test]
async fn line_ends_of_windows_are_line_ends() {
    let windows = LIFTS.replace('\n', "\r\n");
    let migrations = Migrations::new().with("1_create_lifts", &windows);
    let db = TestDb::new(migrations.path()).await.expect("it is right");
    db.tenant_pool().await.expect("its table is protected");
    let failed = migrations.with("2_create_ramps", "SELECT 1;\r\n\r\nSELECT nonsense;\r\n").fail().await;
    assert_eq!(failed.line, Some(3));
}

#[tokio::test]
async fn the_text_that_installs_crow_may_be_the_first_of_them() {
    let migrations = Migrations::new().with("1_crow", INSTALL_SQL).with("2_create_lifts", LIFTS);
    let db = TestDb::new(migrations.path()).await.expect("as in production");
    db.tenant_pool().await.expect("crow is there");
}

#[tokio::test]
async fn a_table_that_nobody_protects_opens_no_pool() {
    let bare = LIFTS.replace("SELECT crow.protect('lifts')", "GRANT SELECT ON lifts TO crow_app");
    let db = TestDb::new(Migrations::new().with("1_create_lifts", &bare).path()).await.expect("SQL");
    let error = db.tenant_pool().await.expect_err("lifts").to_string();
    assert!(error.contains("lifts") && error.contains("crow.protect"), "{error}");
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_named() {
    let error = TestDb::new("/nonexistent/migrations").await.expect_err("nothing there");
    assert!(matches!(error, Error::NoMigrations { .. }));
    assert!(error.to_string().contains("/nonexistent/migrations"), "{error}");
}

#[tokio::test]
async fn runs_with_different_versions_of_a_schema_are_not_in_each_others_way() {
    let (old, new) = (LIFTS, LIFTS.replace("name text", "label text"));
    let [old, new] = [old, &new].map(|sql| Migrations::new().with("1_create_lifts", sql));
    let (one, other) = tokio::join!(TestDb::new(old.path()), TestDb::new(new.path()));
    for (db, column) in [(one, "name"), (other, "label")] {
        let (db, tenant) = db.map(|db| (db.clone(), db.new_tenant())).expect("a database");
        let pool = db.tenant_pool().await.expect("a pool");
        let sql = format!("INSERT INTO lifts ({column}) VALUES ('left') RETURNING {column} AS text");
        assert_eq!(crate::arguments::text(&pool, tenant, &sql).await.expect("a row"), "left");
    }
}

#[tokio::test]
async fn a_server_whose_connections_are_all_taken_is_waited_for() {
    let server = Server::private(ServerOptions::default().max_connections(10)).expect("a server");
    let mut taken = Vec::new();
    let url = server.superuser_url("postgres");
    while let Ok((client, connection)) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await {
        taken.push((client, tokio::spawn(connection)));
    }
    assert!(!taken.is_empty());
    let give_back = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        drop(taken);
    };
    let (db, ()) = tokio::join!(TestDb::on(&server, "../examples/migrations"), give_back);
    db.expect("a connection");
}
