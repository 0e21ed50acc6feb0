//! The one door to the rows of all tenants.

use std::time::Duration;

use crow_core::{Access, AdminPool, Error, TenantId};
use crow_examples::schema::vehicles;
use crow_testkit::cancel;
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use crate::shop::{Outcome, Shops, number, texts};

pub(crate) async fn open() -> Outcome<(Shops, AdminPool)> {
    let shops = Shops::open().await?;
    let admin = AdminPool::builder(shops.db.admin_url()).max_size(1).connect().await?;
    Ok((shops, admin))
}

pub(crate) fn invoices() -> Access {
    Access::new("billing-job", "monthly invoices")
}

pub(crate) async fn log(shops: &Shops) -> Outcome<Vec<String>> {
    let sql = "SELECT concat_ws('|', actor, reason, role, application, mode, tenant, expires) AS text
        FROM crow.access_log ORDER BY id";
    texts(&mut shops.superuser().await?, sql).await
}

#[tokio::test]
async fn admin_sees_and_changes_the_rows_of_all_shops() -> Outcome {
    let (shops, admin) = open().await?;
    let mut conn = admin.get(invoices().writing()).await?;
    let mut counts: Vec<(TenantId, i64)> = vehicles::table
        .group_by(vehicles::tenant_id)
        .select((vehicles::tenant_id, count_star()))
        .load(&mut conn)
        .await?;
    counts.sort_by_key(|(_, vehicles)| *vehicles);
    assert_eq!(counts, [(shops.theirs, 1), (shops.ours, 3)]);
    let of_ours = vehicles::table.filter(vehicles::tenant_id.eq(shops.ours)).count();
    assert_eq!(of_ours.get_result::<i64>(&mut conn).await?, 3);
    let of_one = vehicles::table.filter(vehicles::tenant_id.eq_any([&shops.theirs])).count();
    assert_eq!(of_one.get_result::<i64>(&mut conn).await?, 1);
    let changed = diesel::update(vehicles::table).set(vehicles::year.eq(1999)).execute(&mut conn).await?;
    assert_eq!(changed, 4);
    Ok(())
}

#[tokio::test]
async fn the_nil_uuid_is_read_as_no_tenant() -> Outcome {
    let (_shops, admin) = open().await?;
    let mut conn = admin.get(invoices()).await?;
    let nil = diesel::select(Uuid::nil().into_sql::<diesel::sql_types::Uuid>());
    let read = nil.get_result::<TenantId>(&mut conn).await;
    assert!(matches!(&read, Err(diesel::result::Error::DeserializationError(_))), "{read:?}");
    Ok(())
}

#[tokio::test]
async fn each_access_is_on_record_before_the_connection_is_there() -> Outcome {
    let (shops, admin) = open().await?;
    assert_eq!(log(&shops).await?, Vec::<String>::new(), "opening a pool is no access");
    let conn = admin.get(invoices()).await?;
    let first = "billing-job|monthly invoices|crow_admin|crow-admin|read".to_owned();
    assert_eq!(log(&shops).await?, std::slice::from_ref(&first));
    drop(conn);
    admin.get(Access::new("Ada", "ticket 7'; DROP TABLE vehicles").writing()).await?;
    let second = "Ada|ticket 7'; DROP TABLE vehicles|crow_admin|crow-admin|write".to_owned();
    assert_eq!(log(&shops).await?, [first, second]);
    Ok(())
}

#[tokio::test]
async fn an_access_without_who_and_why_is_refused() -> Outcome {
    let (shops, admin) = open().await?;
    let long = |n| "ü".repeat(n);
    for (actor, reason, fault) in [
        ("", "why", "the actor of an access across tenants cannot be recorded, because it is blank"),
        ("who", "", "the reason of an access across tenants cannot be recorded, because it is blank"),
        (" \t", "why", "because it is blank"),
        ("who", "\u{a0}\u{3000}", "because it is blank"),
        (
            &long(101),
            "why",
            "the actor of an access across tenants cannot be recorded, because it is longer than 100",
        ),
        ("who", &long(1001), "because it is longer than 1000"),
        (
            "Ada\nEve",
            "why",
            "the actor of an access across tenants cannot be recorded, because it has characters",
        ),
        ("who", "\u{1b}[2Kwhy", "because it has characters"),
        ("who", "why\0", "because it has characters"),
        ("who", "why\u{2028}more", "because it has characters"),
        ("\u{202e}adA", "why", "because it has characters"),
    ] {
        let refused = admin.get(Access::new(actor, reason)).await;
        assert!(matches!(&refused, Err(Error::Invalid(text)) if text.contains(fault)), "{refused:?}");
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

/// Long texts, and those that are not ASCII, are recorded as they are.
#[tokio::test]
async fn the_longest_texts_are_recorded_whole() -> Outcome {
    let (shops, admin) = open().await?;
    let (actor, reason) = ("ü".repeat(100), "€".repeat(1000));
    admin.get(Access::new(&actor, &reason)).await?;
    assert_eq!(log(&shops).await?, [format!("{actor}|{reason}|crow_admin|crow-admin|read")]);
    Ok(())
}

#[tokio::test]
async fn an_access_is_recorded_also_where_transactions_are_read_only_by_default() -> Outcome {
    let (shops, admin) = open().await?;
    let sql = "DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database());
    END $$";
    shops.superuser().await?.batch_execute(sql).await?;
    drop(admin);
    let admin = AdminPool::builder(shops.db.admin_url()).max_size(1).connect().await?;
    let mut conn = admin.get(invoices().writing()).await?;
    assert_eq!(diesel::delete(vehicles::table).execute(&mut conn).await?, 4);
    assert_eq!(log(&shops).await?.len(), 1);
    Ok(())
}

/// Wherever `get` is dropped, what was begun is not handed on, and nobody was let in unrecorded.
#[tokio::test]
async fn a_dropped_get_leaves_no_connection_without_a_record() -> Outcome {
    let (shops, admin) = open().await?;
    let sql = "SELECT count(*) AS number FROM pg_stat_activity
        WHERE datname = current_database() AND usename = 'crow_admin'
        AND (state LIKE 'idle in%' OR application_name <> 'crow-admin')";
    for times in 0..200 {
        let done = cancel::after_polls(times, admin.get(invoices())).await;
        let finished = match done {
            Some(conn) => {
                let sql =
                    format!("SELECT count(*) AS number FROM crow.access_log WHERE id = {}", conn?.number());
                assert_eq!(number(&mut shops.superuser().await?, &sql).await?, 1, "after {times} polls");
                true
            }
            None => false,
        };
        let mut superuser = shops.superuser().await?;
        let settle = async {
            while number(&mut superuser, sql).await? > 0 {
                tokio::task::yield_now().await;
            }
            Outcome::Ok(())
        };
        tokio::time::timeout(Duration::from_secs(10), settle)
            .await
            .map_err(|_| format!("open after {times} polls"))??;
        if finished {
            assert!(times > 2, "a server's answer takes more than one poll");
            return Ok(());
        }
    }
    Err("get never comes to its end".into())
}

#[tokio::test]
async fn admin_can_read_its_log_and_not_change_it() -> Outcome {
    let (shops, admin) = open().await?;
    let mut conn = admin.get(invoices().writing()).await?;
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
    let mut conn = admin.get(invoices().writing()).await?;
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
async fn only_a_role_that_sees_everything_and_can_be_recorded_opens_the_pool() -> Outcome {
    let shops = Shops::open().await?;
    let rules = async |url: String| match AdminPool::builder(url).connect().await {
        Err(Error::Unsafe(findings)) => findings.into_iter().map(|finding| finding.rule).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(rules(shops.db.tenant_url()).await, ["S5", "S6"]);
    assert_eq!(rules(shops.db.owner_url()).await, ["S7"], "the migrator could change the log");
    shops
        .superuser()
        .await?
        .batch_execute("CREATE OR REPLACE FUNCTION crow.version() RETURNS int LANGUAGE sql RETURN 99")
        .await?;
    assert_eq!(rules(shops.db.admin_url()).await, ["S1"], "a schema of another version");
    Ok(())
}

#[tokio::test]
async fn the_tenants_pool_has_no_way_to_the_admin_role() -> Outcome {
    let shops = Shops::open().await?;
    let mut app = AsyncPgConnection::establish(&shops.db.tenant_url()).await?;
    for sql in [
        "SET ROLE crow_admin",
        "SELECT crow.record_access('a', 'b', 'read', NULL, NULL)",
        "SELECT * FROM vehicles",
    ] {
        assert!(app.batch_execute(sql).await.is_err(), "{sql}");
    }
    let nobody = shops
        .pool
        .scope(TenantId::random(), async |db| db.query::<crow_examples::models::Vehicle>().count(db).await);
    assert_eq!(nobody.await?, 0, "an unknown tenant is an empty one");
    Ok(())
}
