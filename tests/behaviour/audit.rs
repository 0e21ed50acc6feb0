//! A whole audit, as a program asks for one.

use crow_core::audit::{self, Audit, Finding, Severity};
use crow_core::{Access, AdminPool};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};

use crate::shop::{Outcome, Shops, superuser};

/// The minor release is the machine's affair.
fn above_info(report: &audit::Report) -> Vec<String> {
    report.at_least(Severity::Low).filter(|finding| finding.rule != "F1").map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_database_as_the_guide_makes_it_is_silent_for_every_role_that_asks() -> Outcome {
    let shops = Shops::open().await?;
    let of_pool = shops.pool.audit().await?;
    assert_eq!(above_info(&of_pool), <[String; 0]>::default());
    assert_eq!((&*of_pool.role, of_pool.tables), ("crow_app", 3));

    let admin = AdminPool::builder(shops.db.admin_url()).connect().await?;
    let mut admin = admin.get(Access::new("audit", "the monthly one")).await?;
    let mut owner = AsyncPgConnection::establish(&shops.db.owner_url()).await?;
    let mut app = AsyncPgConnection::establish(&shops.db.tenant_url()).await?;
    for conn in [&mut admin, &mut owner, &mut app] {
        assert_eq!(audit::run(conn).await?, of_pool);
    }
    Ok(())
}

#[tokio::test]
async fn a_pool_finds_later_what_was_broken_since_it_opened() -> Outcome {
    let shops = Shops::open().await?;
    shops.superuser().await?.batch_execute("CREATE INDEX by_make ON vehicles (make)").await?;
    let report = shops.pool.audit().await?;
    assert_eq!(report.worst(), Some(Severity::Medium).max(report.worst()));
    let text = report.to_string();
    for line in [
        "\nmedium D6 A query walks over other tenants' entries",
        "\n    index public.by_make on public.vehicles does not begin with tenant_id\n",
        "DROP INDEX CONCURRENTLY public.by_make\n",
        "1 medium",
    ] {
        assert!(text.contains(line), "{text}");
    }
    // The connection is as good as before.
    shops
        .pool
        .scope(shops.ours, async |db| db.query::<crow_examples::models::Vehicle>().count(db).await)
        .await?;
    Ok(())
}

#[tokio::test]
async fn an_audit_leaves_the_transaction_that_it_is_asked_in() -> Outcome {
    let shops = Shops::open().await?;
    let mut superuser = superuser(&shops.db).await?;
    superuser
        .transaction(async |conn| {
            conn.batch_execute("ALTER TABLE vehicles NO FORCE ROW LEVEL SECURITY").await?;
            let report = Audit::new().run(conn).await?;
            assert!(report.findings.iter().any(|finding| finding.rule == "B3"), "{report}");
            Ok::<_, crow_core::Error>(())
        })
        .await?;
    assert!(shops.pool.audit().await?.findings.iter().any(|finding| finding.rule == "B3"));
    Ok(())
}

/// Statements that change a table, and what the audit says of the columns then.
const CHANGED: [(&str, &[&str]); 12] = [
    ("ALTER TABLE vehicles ADD engine text NOT NULL DEFAULT ''", &[]),
    ("ALTER TABLE vehicles ADD engine text", &[]),
    ("ALTER TABLE vehicles ALTER make TYPE varchar(80)", &[]),
    (
        "CREATE DOMAIN word AS text; CREATE DOMAIN name_of AS word; ALTER TABLE vehicles ALTER make TYPE name_of",
        &[],
    ),
    (
        "ALTER TABLE vehicles ALTER year TYPE bigint",
        &["table public.vehicles has column year as bigint, its model as integer"],
    ),
    (
        "ALTER TABLE vehicles ALTER model TYPE text[] USING ARRAY[model]",
        &["table public.vehicles has column model as text[], its model as text"],
    ),
    (
        "ALTER TABLE vehicles RENAME plate TO \"Plate\"",
        &[
            "table public.vehicles has no column plate, which its model has",
            "table public.vehicles has column \"Plate\", which has to be given a value and which its model does not have",
        ],
    ),
    (
        "ALTER TABLE vehicles ADD engine text; ALTER TABLE vehicles DROP engine; ALTER TABLE vehicles DROP plate",
        &["table public.vehicles has no column plate, which its model has"],
    ),
    (
        "ALTER TABLE vehicles ALTER plate DROP NOT NULL",
        &["table public.vehicles has column plate nullable, its model not"],
    ),
    (
        "ALTER TABLE jobs ALTER state DROP DEFAULT, ALTER state TYPE text",
        &["table public.jobs has column state as text, its model as job_state"],
    ),
    (
        "ALTER TABLE makes ALTER country TYPE int USING 0",
        &["table public.makes has column country as integer, its model as text"],
    ),
    (
        "ALTER TABLE makes ALTER country DROP NOT NULL",
        &["table public.makes has column country nullable, its model not"],
    ),
];

#[tokio::test]
async fn the_columns_of_models_are_compared() -> Outcome {
    let shops = Shops::open().await?;
    for (statement, expected) in CHANGED {
        let mut superuser = superuser(&shops.db).await?;
        superuser.begin_test_transaction().await?;
        superuser.batch_execute(statement).await?;
        let report = Audit::new().run(&mut superuser).await?;
        let found = report.findings.iter().filter(|finding| finding.rule == "S11");
        let found: Vec<_> =
            found.map(|Finding { object, problem, .. }| format!("{object} {problem}")).collect();
        assert_eq!(found, expected, "{statement}");
    }
    Ok(())
}
