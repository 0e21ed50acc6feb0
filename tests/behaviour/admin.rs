//! The one door to the rows of all tenants.

use std::time::Duration;

use crow_core::{Access, AdminPool, Error, TenantId};
use crow_examples::schema::vehicles;
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use crate::shop::{Outcome, Shops, number, texts};

async fn open() -> Outcome<(Shops, AdminPool)> {
    let shops = Shops::open().await?;
    let admin = AdminPool::builder(shops.db.admin_url()).max_size(1).connect().await?;
    Ok((shops, admin))
}

fn invoices() -> Access {
    Access::new("billing-job", "monthly invoices")
}

async fn log(shops: &Shops) -> Outcome<Vec<String>> {
    let sql =
        "SELECT concat_ws('|', actor, reason, role, application) AS text FROM crow.access_log ORDER BY id";
    texts(&mut shops.superuser().await?, sql).await
}

#[tokio::test]
async fn admin_sees_and_changes_the_rows_of_all_shops() -> Outcome {
    let (shops, admin) = open().await?;
    let mut conn = admin.get(invoices()).await?;
    let mut counts: Vec<(Uuid, i64)> = vehicles::table
        .group_by(vehicles::tenant_id)
        .select((vehicles::tenant_id, count_star()))
        .load(&mut conn)
        .await?;
    counts.sort_by_key(|(_, vehicles)| *vehicles);
    assert_eq!(counts, [(shops.theirs.as_uuid(), 1), (shops.ours.as_uuid(), 3)]);
    let changed = diesel::update(vehicles::table).set(vehicles::year.eq(1999)).execute(&mut conn).await?;
    assert_eq!(changed, 4);
    Ok(())
}

#[tokio::test]
async fn each_access_is_on_record_before_the_connection_is_there() -> Outcome {
    let (shops, admin) = open().await?;
    assert_eq!(log(&shops).await?, Vec::<String>::new(), "opening a pool is no access");
    let conn = admin.get(invoices()).await?;
    let first = "billing-job|monthly invoices|crow_admin|crow-admin".to_owned();
    assert_eq!(log(&shops).await?, std::slice::from_ref(&first));
    drop(conn);
    admin.get(Access::new("Ada", "ticket 7'; DROP TABLE vehicles")).await?;
    let second = "Ada|ticket 7'; DROP TABLE vehicles|crow_admin|crow-admin".to_owned();
    assert_eq!(log(&shops).await?, [first, second]);
    Ok(())
}

#[tokio::test]
async fn an_access_without_who_and_why_is_refused() -> Outcome {
    let (shops, admin) = open().await?;
    for (actor, reason, missing) in
        [("", "why", "actor"), ("who", "", "reason"), (" \t", "why", "actor"), ("who", "\n", "reason")]
    {
        let refused = admin.get(Access::new(actor, reason)).await;
        assert!(matches!(&refused, Err(Error::Invalid(text)) if text.contains(missing)), "{refused:?}");
    }
    assert_eq!(log(&shops).await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn without_a_record_there_is_no_connection() -> Outcome {
    let (shops, admin) = open().await?;
    shops
        .superuser()
        .await?
        .batch_execute("ALTER TABLE crow.access_log ADD CHECK (actor <> 'billing-job')")
        .await?;
    let refused = admin.get(invoices()).await;
    assert!(refused.is_err(), "{refused:?}");
    admin.get(Access::new("Ada", "looking")).await?;
    Ok(())
}

#[tokio::test]
async fn admin_can_read_its_log_and_not_change_it() -> Outcome {
    let (shops, admin) = open().await?;
    let mut conn = admin.get(invoices()).await?;
    assert_eq!(texts(&mut conn, "SELECT reason AS text FROM crow.access_log").await?, ["monthly invoices"]);
    for sql in [
        "DELETE FROM crow.access_log",
        "UPDATE crow.access_log SET reason = 'none'",
        "INSERT INTO crow.access_log (actor, reason, mode) VALUES ('a', 'b', 'c')",
        "TRUNCATE crow.access_log",
        "DROP TABLE crow.access_log",
        "ALTER TABLE crow.access_log DISABLE TRIGGER ALL",
        "ALTER TABLE vehicles DISABLE ROW LEVEL SECURITY",
        "SET ROLE crow_owner",
        "SET ROLE crow_migrator",
    ] {
        assert!(conn.batch_execute(sql).await.is_err(), "{sql}");
    }
    assert_eq!(log(&shops).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn diesels_transactions_work_for_admin() -> Outcome {
    let (shops, admin) = open().await?;
    let mut conn = admin.get(invoices()).await?;
    let undone: QueryResult<()> = conn
        .transaction(async |conn| {
            diesel::delete(vehicles::table).execute(conn).await?;
            Err(diesel::result::Error::RollbackTransaction)
        })
        .await;
    assert!(undone.is_err());
    assert_eq!(shops.models_of(shops.theirs).await?, ["Corolla"]);
    conn.transaction(async |conn| {
        diesel::delete(vehicles::table.filter(vehicles::model.eq("Corolla"))).execute(conn).await
    })
    .await?;
    assert_eq!(shops.models_of(shops.theirs).await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn what_one_user_leaves_is_gone_for_the_next() -> Outcome {
    let (shops, admin) = open().await?;
    for left in [
        "SET statement_timeout = '1ms'",
        "SET search_path = pg_temp",
        "SET row_security = on",
        "BEGIN; DELETE FROM vehicles",
        "SELECT pg_advisory_lock(42)",
        "LISTEN news",
        "CREATE TEMP TABLE spy AS SELECT 1",
        "PREPARE spy AS SELECT 1",
        "DECLARE spy CURSOR WITH HOLD FOR SELECT 1",
        "BEGIN; SELECT 1/0",
    ] {
        let mut conn = admin.get(invoices()).await?;
        let _ = conn.batch_execute(left).await;
        drop(conn);
        let mut conn = admin.get(Access::new("Ada", "looking")).await?;
        let sql = "SELECT (SELECT count(*) FROM pg_cursors WHERE is_holdable)
            + (SELECT count(*) FROM pg_prepared_statements WHERE from_sql)
            + (SELECT count(*) FROM pg_listening_channels())
            + (SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relnamespace = pg_my_temp_schema())
            + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
            + (current_setting('statement_timeout') <> '0')::int
            + (current_setting('row_security') <> 'off')::int AS number";
        assert_eq!(number(&mut conn, sql).await?, 0, "left: {left}");
        assert_eq!(shops.models_of(shops.theirs).await?, ["Corolla"], "left: {left}");
    }
    Ok(())
}

#[tokio::test]
async fn a_dropped_admin_statement_does_not_reach_the_next_user() -> Outcome {
    let (shops, admin) = open().await?;
    let mut conn = admin.get(invoices()).await?;
    let long = conn.batch_execute("BEGIN; DELETE FROM vehicles; SELECT pg_sleep(0.2)");
    assert!(tokio::time::timeout(Duration::from_millis(50), long).await.is_err());
    drop(conn);
    let mut conn = admin.get(Access::new("Ada", "looking")).await?;
    assert_eq!(number(&mut conn, "SELECT count(*) AS number FROM vehicles").await?, 4);
    assert_eq!(shops.models_of(shops.theirs).await?, ["Corolla"]);
    Ok(())
}

#[tokio::test]
async fn only_a_role_that_sees_everything_and_can_be_recorded_opens_the_pool() -> Outcome {
    let shops = Shops::open().await?;
    let rules = async |url: String| match AdminPool::builder(url).connect().await {
        Err(Error::Unsafe(findings)) => findings.into_iter().map(|finding| finding.rule).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(rules(shops.db.tenant_url()).await, ["S5", "S6"]);
    assert_eq!(rules(shops.db.owner_url()).await, ["S7"], "the migrator could change the log");
    Ok(())
}

#[tokio::test]
async fn the_tenants_pool_has_no_way_to_the_admin_role() -> Outcome {
    let shops = Shops::open().await?;
    let mut app = AsyncPgConnection::establish(&shops.db.tenant_url()).await?;
    for sql in
        ["SET ROLE crow_admin", "SELECT crow.record_access('a', 'b', 'c', NULL)", "SELECT * FROM vehicles"]
    {
        assert!(app.batch_execute(sql).await.is_err(), "{sql}");
    }
    let nobody = shops
        .pool
        .scope(TenantId::random(), async |db| db.query::<crow_examples::models::Vehicle>().count(db).await);
    assert_eq!(nobody.await?, 0, "an unknown tenant is an empty one");
    Ok(())
}
