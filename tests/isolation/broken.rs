//! On a schema that lacks one protection the suite fails, and says which attack got what, of which model, and what mends it.

use std::env;

use crow_testkit::{Group, Isolation, Report, TestDb, Verdict};
use tokio_postgres::NoTls;

use crate::events::{Comment, Event};

const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/isolation/migrations");

/// What is taken away, the first attack that succeeds then, and words of what mends it.
struct Broken {
    sql: &'static str,
    group: Group,
    attack: &'static str,
    got: &'static str,
    cure: &'static str,
}

/// One test for each, so that they run beside each other.
macro_rules! broken {
    ($($name:ident: $sql:expr, $group:ident $attack:literal, $got:literal, $cure:literal;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                Broken { sql: $sql, group: Group::$group, attack: $attack, got: $got, cure: $cure }.is_noticed().await;
            }
        )*
    };
}

broken! {
    row_level_security_is_off:
        "ALTER TABLE comments DISABLE ROW LEVEL SECURITY",
        Reads "list", "1 row of the other tenant's", "SELECT crow.protect('\"comments\"')";
    everybody_is_let_in:
        "DROP POLICY tenant_isolation ON comments; CREATE POLICY open ON comments USING (true) WITH CHECK (true)",
        Reads "aggregate", "1 row of the other tenant's", "SELECT crow.protect";
    what_is_written_is_not_looked_at:
        "ALTER POLICY tenant_isolation ON comments WITH CHECK (true); ALTER POLICY tenant_access ON comments WITH CHECK (true)",
        Writes "move a row to another tenant", "the other tenant's rows are not what they were", "crow.protect";
    a_key_without_the_tenant:
        "CREATE UNIQUE INDEX ON comments (id)",
        Keys "existence by primary key", "SQLSTATE 23505 for a key that the other tenant has, and no error for one that nobody has",
        "begin every unique key";
    a_foreign_key_without_the_tenant:
        "CREATE UNIQUE INDEX ON events (id, day);
         ALTER TABLE comments DROP CONSTRAINT comments_tenant_id_event_id_event_day_fkey,
           ADD FOREIGN KEY (event_id, event_day) REFERENCES events (id, day)",
        Keys "link by update", "no refusal", "pair the tenants in every foreign key";
    truncate_is_granted:
        "GRANT TRUNCATE ON comments TO crow_app",
        Writes "TRUNCATE", "the other tenant's rows are not what they were", "REVOKE TRUNCATE ON \"comments\"";
    a_trigger_may_be_added:
        "GRANT TRIGGER ON comments TO crow_app",
        Doors "add a trigger", "no refusal", "REVOKE TRIGGER";
    a_view_reads_with_its_owners_rights:
        "CREATE VIEW leaky AS SELECT * FROM comments; GRANT SELECT ON leaky TO crow_app",
        Reads "read through a view", "1 row of the other tenant's", "security_invoker = true";
    the_application_owns_the_table:
        "ALTER TABLE comments OWNER TO crow_app",
        Doors "switch row-level security off", "1 row of the other tenant's", "it gives the table to crow_owner";
    a_tenant_can_change_within_a_transaction:
        "CREATE OR REPLACE FUNCTION crow.enter(tenant uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
           PERFORM set_config('crow.scope', encode(timestamptz_send(now()), 'hex') || tenant, true); END $$",
        Sessions "cursor over a change of tenant", "of the other tenant's", "run crow's migration again";
    plans_keep_a_tenant:
        "ALTER FUNCTION crow.current_tenant() IMMUTABLE",
        Reads "prepared statement of another tenant's", "of the other tenant's", "run crow's migration again";
}

impl Broken {
    async fn is_noticed(&self) {
        let report = attacked(self.sql, &[self.group]).await;
        let leak = report.leaks().find(|cell| cell.attack == self.attack);
        let leak = leak.unwrap_or_else(|| panic!("{} does not notice:\n{report}", self.attack)).to_string();
        for part in [self.attack, "Comment", self.got, self.cure] {
            assert!(leak.contains(part), "{part:?} is not said in {leak:?}");
        }
        let said = std::panic::catch_unwind(|| report.assert_isolated()).expect_err("a failed test");
        let said = said.downcast_ref::<String>().expect("a message");
        assert!(said.contains(&leak), "{said}");
    }
}

async fn attacked(sql: &str, groups: &[Group]) -> Report {
    let db = TestDb::new(MIGRATIONS).await.expect("a database");
    let (client, connection) =
        tokio_postgres::connect(&db.database().superuser_url(), NoTls).await.expect("a superuser");
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.expect("a broken schema");
    drop(client);
    connection.await.expect("no panic").expect("no error");
    let report = Isolation::new().model::<Comment>().only(groups.iter().copied()).run(&db).await;
    report.unwrap_or_else(|error| panic!("{error}"))
}

/// The other tenant's values are nobody's business, and a report is read by many.
#[tokio::test]
async fn a_report_has_no_value_of_the_other_tenants() {
    let report =
        attacked("ALTER TABLE comments DISABLE ROW LEVEL SECURITY", &[Group::Reads, Group::Writes]).await;
    assert!(report.leaks().count() > 20, "{report}");
    let texts = [report.to_string(), report.to_json_lines(), format!("{report:?}")];
    // What the filler writes, and dates and keys.
    let bodies = (1..10).map(|digit| format!("body {digit}"));
    for value in bodies.chain(["2020-", "2025-", "-4"].map(String::from)) {
        assert!(texts.iter().all(|text| !text.contains(&value)), "{value:?} is in {report}");
    }
}

/// Of these, the attacks in crow's own API could not even begin.
#[tokio::test]
async fn a_pool_that_does_not_open_is_a_failure_of_its_own() {
    let report = attacked("ALTER TABLE comments DISABLE ROW LEVEL SECURITY", &[Group::Typed]).await;
    let refused = report
        .failures()
        .filter(|cell| matches!(&cell.verdict, Verdict::Refused(reason) if reason.contains("B2")));
    assert!(refused.count() > 5, "{report}");
}

#[tokio::test]
async fn a_model_whose_table_cannot_be_filled_says_what_to_give() {
    let db = TestDb::new(MIGRATIONS).await.expect("a database");
    let (client, connection) =
        tokio_postgres::connect(&db.database().superuser_url(), NoTls).await.expect("a superuser");
    tokio::spawn(connection);
    client
        .batch_execute("ALTER TABLE comments ADD CONSTRAINT polite CHECK (body ~ '^(Please|Thank you)')")
        .await
        .expect("a constraint");
    drop(client);
    let refused = Isolation::new()
        .model::<Comment>()
        .only([Group::Typed])
        .run(&db)
        .await
        .expect_err("no row")
        .to_string();
    for part in
        ["cannot fill a row of public.comments", "constraint polite", "`isolation!(Model { column: value })`"]
    {
        assert!(refused.contains(part), "{refused}");
    }
    let filled =
        Isolation::new().model::<Comment>().with("body", "Thank you").only([Group::Writes]).run(&db).await;
    filled.expect("rows").assert_isolated();
}

#[tokio::test]
async fn a_table_without_a_model_is_attacked_in_sql() {
    let db = TestDb::new(MIGRATIONS).await.expect("a database");
    let report = Isolation::new().table("events").run(&db).await.expect("a report");
    report.assert_isolated();
    let not_applicable = report.cells.iter().filter(|cell| matches!(cell.verdict, Verdict::NotApplicable(_)));
    assert!(report.cells.len() > 50 && not_applicable.count() < 15, "{report}");
}

#[tokio::test]
async fn a_report_is_for_programs_too() {
    let db = TestDb::new(MIGRATIONS).await.expect("a database");
    let report = Isolation::new().model::<Event>().only([Group::Keys]).run(&db).await.expect("a report");
    let path = env::temp_dir().join(format!("crow-isolation-{}.jsonl", std::process::id()));
    for _ in 0..2 {
        report.append_to(&path).expect("a file");
    }
    let text = std::fs::read_to_string(&path).expect("a file");
    std::fs::remove_file(&path).expect("no file");
    let cells: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(cells.len(), 2 * report.cells.len());
    assert_eq!(cells[0]["attack"], "existence by primary key");
    assert_eq!(cells[0]["group"], "keys");
    assert_eq!(cells[0]["verdict"]["end"], "held");
    assert!(cells[0]["model"].as_str().is_some_and(|model| model.ends_with("::Event")), "{text}");
}
