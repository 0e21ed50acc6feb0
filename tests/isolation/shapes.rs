//! Tables of unusual shapes, without models.

use crow_testkit::{Group, Isolation, Report, TestDb, Verdict};
use tokio_postgres::NoTls;

const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/isolation/migrations");

/// A database with one more table.
async fn with(sql: &str) -> TestDb {
    let db = TestDb::new(MIGRATIONS).await.expect("a database");
    let (client, connection) =
        tokio_postgres::connect(&db.database().superuser_url(), NoTls).await.expect("a superuser");
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.expect("a table");
    drop(client);
    connection.await.expect("no panic").expect("no error");
    db
}

async fn attacked(table: &str, sql: &str) -> Report {
    Isolation::new().table(table).run(&with(sql).await).await.unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn names_that_need_quotes_and_a_schema_of_its_own() {
    let report = attacked(
        r#""Odd schema"."Od'd""#,
        r#"CREATE SCHEMA "Odd schema";
           CREATE TABLE "Odd schema"."Od'd" (tenant_id uuid NOT NULL, "the Key" int NOT NULL, "va""lue" text NOT NULL,
             PRIMARY KEY (tenant_id, "the Key"), UNIQUE (tenant_id, "va""lue"));
           SELECT crow.protect('"Odd schema"."Od''d"')"#,
    )
    .await;
    report.assert_isolated();
}

/// The tenants are rows too, and a foreign key that is unique has one row for each parent.
#[tokio::test]
async fn a_table_of_tenants_and_a_parent_for_each_row() {
    let report = attacked(
        "badges",
        "CREATE TABLE shops (id uuid PRIMARY KEY, name text NOT NULL);
         CREATE TABLE people (tenant_id uuid NOT NULL REFERENCES shops, id uuid NOT NULL DEFAULT gen_random_uuid(),
           PRIMARY KEY (tenant_id, id));
         CREATE TABLE badges (tenant_id uuid NOT NULL REFERENCES shops, person_id uuid NOT NULL, number int NOT NULL CHECK (number > 9),
           PRIMARY KEY (tenant_id, person_id), UNIQUE (tenant_id, number),
           FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id));
         SELECT crow.protect('people'), crow.protect('badges')",
    )
    .await;
    report.assert_isolated();
}

/// In the clone its triggers are off, or no attack on it could be proven.
#[tokio::test]
async fn a_table_that_only_grows() {
    let report = attacked(
        "ledger",
        "CREATE TABLE ledger (tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT gen_random_uuid(), cents int8 NOT NULL, PRIMARY KEY (tenant_id, id));
         CREATE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it only grows'; END $$;
         CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION only_grows();
         SELECT crow.protect('ledger')",
    )
    .await;
    report.assert_isolated();
}

/// What holds for a reason that is not protection says nothing of protection.
#[tokio::test]
async fn an_attack_that_succeeds_nowhere_fails_the_suite() {
    let db = with("CREATE RULE kept AS ON DELETE TO comments DO INSTEAD NOTHING").await;
    let report = Isolation::new().table("comments").only([Group::Writes]).run(&db).await.expect("a report");
    let unproven = |attack| {
        report.failures().any(|cell| cell.attack == attack && matches!(cell.verdict, Verdict::Unproven(_)))
    };
    assert!(
        unproven("delete by key") && unproven("delete without WHERE") && !unproven("update by key"),
        "{report}"
    );
    let said = report.to_string();
    assert!(said.contains("does not succeed on an unprotected clone either, so it proves nothing"), "{said}");
}

/// A second tenant's row is told by nothing but its tenant.
#[tokio::test]
async fn a_table_of_nothing_but_numbers() {
    let report = attacked(
        "marks",
        "CREATE TABLE marks (tenant_id uuid NOT NULL, n int NOT NULL, PRIMARY KEY (tenant_id, n)); SELECT crow.protect('marks')",
    )
    .await;
    report.assert_isolated();
}
