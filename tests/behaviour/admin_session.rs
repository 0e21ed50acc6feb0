//! What an access across tenants may do in its session, and what it leaves there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use crow_core::{Access, AdminConn, AdminPool, Error};
use crow_examples::schema::vehicles;
use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::admin::{invoices, log, open};
use crate::shop::{Outcome, Shops, number, texts};

impl Shops {
    /// The server's own view of the sessions of the admin role: name, then state.
    async fn sessions(&self) -> Outcome<Vec<String>> {
        let sql = "SELECT application_name || '|' || state AS text FROM pg_stat_activity \
                   WHERE datname = current_database() AND usename = 'crow_admin' ORDER BY 1";
        texts(&mut self.superuser().await?, sql).await
    }

    async fn until_sessions_are(&self, wanted: &[&str]) -> Outcome {
        let reached = async {
            while self.sessions().await? != wanted {
                tokio::task::yield_now().await;
            }
            Outcome::Ok(())
        };
        match tokio::time::timeout(Duration::from_secs(20), reached).await {
            Ok(reached) => reached,
            Err(_) => Err(format!("{:?} instead of {wanted:?}", self.sessions().await?).into()),
        }
    }
}

async fn mark(conn: &mut AsyncPgConnection) -> Outcome<Vec<String>> {
    texts(
        conn,
        "SELECT concat_ws('|', current_setting('crow.access'), current_setting('application_name')) AS text",
    )
    .await
}

#[tokio::test]
async fn the_server_sees_whose_access_a_session_is() -> Outcome {
    let (shops, admin) = open().await?;
    let mut conn = admin.get(Access::new("Jürgen O'Hara \\'; --", "ticket 7")).await?;
    let mark = mark(&mut conn).await?;
    assert_eq!(mark, [format!("{}|crow-admin: J?rgen O'Hara \\'; --", conn.number())]);
    let sql = format!("SELECT reason AS text FROM crow.access_log WHERE id = {}", conn.number());
    assert_eq!(texts(&mut conn, &sql).await?, ["ticket 7"]);
    drop(conn);
    shops.until_sessions_are(&["crow-admin|idle"]).await
}

#[tokio::test]
async fn a_name_in_the_url_stays_in_front_of_the_actor() -> Outcome {
    let shops = Shops::open().await?;
    let url = format!("{}?application_name=billing", shops.db.admin_url());
    let admin = AdminPool::builder(url).connect().await?;
    let mut conn = admin.get(invoices()).await?;
    assert_eq!(mark(&mut conn).await?, ["1|billing: billing-job"]);
    assert_eq!(log(&shops).await?, ["billing-job|monthly invoices|crow_admin|billing|read"]);
    Ok(())
}

#[tokio::test]
async fn an_access_that_does_not_ask_to_write_only_reads() -> Outcome {
    let (shops, admin) = open().await?;
    let before = shops.everything().await?;
    let mut conn = admin.get(invoices()).await?;
    let refused = |result: QueryResult<usize>| {
        let text = result.expect_err("a reader does not write").to_string();
        assert!(text.contains("read-only transaction"), "{text}");
    };
    refused(diesel::delete(vehicles::table).execute(&mut conn).await);
    refused(conn.transaction(async |conn| diesel::delete(vehicles::table).execute(conn).await).await);
    refused(
        diesel::sql_query("WITH gone AS (DELETE FROM vehicles RETURNING 1) SELECT * FROM gone")
            .execute(&mut conn)
            .await,
    );
    assert_eq!(number(&mut conn, "SELECT count(*) AS number FROM vehicles").await?, 4);
    drop(conn);
    let mut conn = admin.get(invoices().writing()).await?;
    assert_eq!(diesel::update(vehicles::table).set(vehicles::year.eq(1999)).execute(&mut conn).await?, 4);
    drop(conn);
    let mut conn = admin.get(invoices()).await?;
    refused(diesel::delete(vehicles::table).execute(&mut conn).await);
    assert_ne!(shops.everything().await?, before);
    Ok(())
}

/// What a session is left with, the next one has not, whether the connection was reused or closed.
#[tokio::test]
async fn what_one_user_leaves_is_gone_for_the_next() -> Outcome {
    let (shops, admin) = open().await?;
    for left in [
        "SET statement_timeout = '1ms'",
        "SET search_path = pg_temp",
        "SET row_security = on",
        "SET default_transaction_read_only = off",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "SET crow.access = '0'",
        "SET application_name = 'nobody'",
        "RESET ALL",
        "DISCARD ALL",
        "BEGIN; DELETE FROM vehicles",
        "BEGIN READ WRITE; DELETE FROM vehicles",
        "SELECT pg_advisory_lock(42)",
        "LISTEN news",
        "CREATE TEMP TABLE spy AS SELECT 1",
        "PREPARE spy AS SELECT 1",
        "DECLARE spy CURSOR WITH HOLD FOR SELECT 1",
        "BEGIN; SELECT 1/0",
        "DEALLOCATE ALL",
    ] {
        for access in [invoices(), invoices().writing()] {
            let mut conn = admin.get(access).await?;
            let _ = conn.batch_execute(left).await;
            drop(conn);
            let mut conn = admin.get(Access::new("Ada", "looking")).await?;
            let sql = format!(
                "SELECT (SELECT count(*) FROM pg_cursors WHERE is_holdable)
                + (SELECT count(*) FROM pg_prepared_statements WHERE from_sql)
                + (SELECT count(*) FROM pg_listening_channels())
                + (SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relnamespace = pg_my_temp_schema())
                + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
                + (current_setting('statement_timeout') <> '0')::int
                + (current_setting('transaction_read_only') <> 'on')::int
                + (current_setting('application_name') <> 'crow-admin: Ada')::int
                + (current_setting('crow.access') <> '{}')::int
                + (current_setting('row_security') <> 'off')::int AS number",
                conn.number()
            );
            assert_eq!(number(&mut conn, &sql).await?, 0, "left: {left}");
            assert_eq!(shops.models_of(shops.theirs).await?, ["Corolla"], "left: {left}");
        }
    }
    Ok(())
}

/// The pool does not wait for the next user to clean up.
#[tokio::test]
async fn a_transaction_that_is_dropped_is_rolled_back_at_once() -> Outcome {
    let (shops, admin) = open().await?;
    let mut conn = admin.get(invoices().writing()).await?;
    conn.batch_execute("BEGIN; DELETE FROM vehicles").await?;
    shops.until_sessions_are(&["crow-admin: billing-job|idle in transaction"]).await?;
    drop(conn);
    shops.until_sessions_are(&["crow-admin|idle"]).await?;
    assert_eq!(shops.models_of(shops.theirs).await?, ["Corolla"]);
    Ok(())
}

#[tokio::test]
async fn a_dropped_admin_statement_does_not_reach_the_next_user() -> Outcome {
    let (shops, admin) = open().await?;
    let mut conn = admin.get(invoices().writing()).await?;
    let long = conn.batch_execute("BEGIN; DELETE FROM vehicles; SELECT pg_sleep(0.2)");
    assert!(tokio::time::timeout(Duration::from_millis(50), long).await.is_err());
    drop(conn);
    let mut conn = admin.get(Access::new("Ada", "looking")).await?;
    assert_eq!(number(&mut conn, "SELECT count(*) AS number FROM vehicles").await?, 4);
    assert_eq!(shops.models_of(shops.theirs).await?, ["Corolla"]);
    Ok(())
}

#[test]
fn a_connection_that_is_dropped_outside_a_runtime_is_closed() -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (shops, admin) = runtime.block_on(open())?;
    let mut conn = runtime.block_on(admin.get(invoices().writing()))?;
    runtime.block_on(conn.batch_execute("BEGIN; DELETE FROM vehicles"))?;
    drop(conn);
    runtime.block_on(async {
        shops.until_sessions_are(&[]).await?;
        admin.get(invoices()).await?;
        assert_eq!(shops.models_of(shops.theirs).await?, ["Corolla"]);
        Ok(())
    })
}

#[tokio::test]
async fn an_access_that_has_expired_opens_nothing() -> Outcome {
    let (shops, admin) = open().await?;
    let refused = admin.get(invoices().until(Utc::now() - TimeDelta::seconds(1))).await;
    assert!(matches!(refused, Err(Error::AccessExpired)), "{refused:?}");
    assert_eq!(log(&shops).await?, Vec::<String>::new());
    let until = Utc::now() + TimeDelta::hours(1);
    let mut conn = admin.get(invoices().until(until)).await?;
    assert_eq!(number(&mut conn, "SELECT count(*) AS number FROM vehicles").await?, 4);
    let sql = format!(
        "SELECT count(*) AS number FROM crow.access_log WHERE expires = '{}'",
        until.format("%Y-%m-%d %H:%M:%S%.6f%:z")
    );
    assert_eq!(number(&mut conn, &sql).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_connection_is_cut_when_its_access_expires() -> Outcome {
    let (shops, admin) = open().await?;
    let soon = || invoices().writing().until(Utc::now() + TimeDelta::seconds(1));
    let mut conn = admin.get(soon()).await?;
    conn.batch_execute("BEGIN; DELETE FROM vehicles").await?;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(conn.batch_execute("COMMIT").await.is_err(), "the transaction has outlived its access");
    assert_eq!(shops.models_of(shops.theirs).await?, ["Corolla"]);
    shops.until_sessions_are(&[]).await?;
    drop(conn);

    let mut conn = admin.get(soon()).await?;
    let long = conn.batch_execute("DELETE FROM vehicles; SELECT pg_sleep(60)").await;
    assert!(long.is_err(), "the statement has outlived its access");
    shops.until_sessions_are(&[]).await?;
    assert_eq!(shops.models_of(shops.theirs).await?, ["Corolla"]);
    drop(conn);
    admin.get(invoices()).await?;
    Ok(())
}

#[tokio::test]
async fn a_connection_that_is_given_back_in_time_is_not_cut() -> Outcome {
    let (shops, admin) = open().await?;
    admin.get(invoices().until(Utc::now() + TimeDelta::seconds(1))).await?;
    let mut conn = admin.get(invoices()).await?;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(number(&mut conn, "SELECT count(*) AS number FROM vehicles").await?, 4);
    drop(conn);
    shops.until_sessions_are(&["crow-admin|idle"]).await
}

/// Nothing keeps code from taking the connection out. It does not get far with it.
#[tokio::test]
async fn a_connection_that_is_taken_out_ends_with_its_access() -> Outcome {
    let (shops, admin) = open().await?;
    let mut conn = admin.get(invoices().writing()).await?;
    let mut taken = AsyncPgConnection::establish(&shops.db.tenant_url()).await?;
    std::mem::swap::<AsyncPgConnection>(&mut conn, &mut taken);
    assert_eq!(number(&mut taken, "SELECT count(*) AS number FROM vehicles").await?, 4);
    drop(conn);
    shops.until_sessions_are(&[]).await?;
    assert!(taken.batch_execute("SELECT 1").await.is_err(), "it lives on outside the pool");
    let mut conn = admin.get(invoices()).await?;
    assert_eq!(texts(&mut conn, "SELECT current_user::text AS text").await?, ["crow_admin"]);
    Ok(())
}

#[tokio::test]
async fn connections_that_are_exchanged_are_closed() -> Outcome {
    let shops = Shops::open().await?;
    let admin = AdminPool::builder(shops.db.admin_url()).max_size(2).connect().await?;
    let mut reader: AdminConn = admin.get(Access::new("Ada", "looking")).await?;
    let mut writer: AdminConn = admin.get(invoices().writing()).await?;
    std::mem::swap::<AsyncPgConnection>(&mut reader, &mut writer);
    drop(reader);
    drop(writer);
    shops.until_sessions_are(&[]).await?;
    let (one, two) = (admin.get(invoices()).await?, admin.get(invoices()).await?);
    assert_eq!((one.number(), two.number()), (3, 4), "the pool is whole");
    Ok(())
}

#[tokio::test]
async fn a_watcher_that_one_user_sets_does_not_see_the_next_one() -> Outcome {
    let (_shops, admin) = open().await?;
    let seen = Arc::new(AtomicUsize::new(0));
    let mut conn = admin.get(invoices()).await?;
    let count = Arc::clone(&seen);
    conn.set_instrumentation(move |_: InstrumentationEvent<'_>| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    number(&mut conn, "SELECT count(*) AS number FROM vehicles").await?;
    let before = AtomicUsize::load(&seen, Ordering::Relaxed);
    assert!(before > 0);
    drop(conn);
    let mut conn = admin.get(invoices()).await?;
    number(&mut conn, "SELECT count(*) AS number FROM vehicles").await?;
    assert_eq!(AtomicUsize::load(&seen, Ordering::Relaxed), before);
    Ok(())
}

/// A login role for one test, which roles of the whole server outlive otherwise.
async fn with_role(options: &str, work: impl AsyncFnOnce(&Shops, &str, AdminPool) -> Outcome) -> Outcome {
    let shops = Shops::open().await?;
    let role = format!("admin_{}", uuid::Uuid::new_v4().simple());
    let mut superuser = shops.superuser().await?;
    superuser.batch_execute(&format!("CREATE ROLE {role} LOGIN BYPASSRLS PASSWORD 'x' {options}")).await?;
    let grants = format!(
        "GRANT USAGE ON SCHEMA crow TO {role}; GRANT EXECUTE ON FUNCTION crow.record_access TO {role}; \
         GRANT SELECT ON vehicles TO {role}"
    );
    superuser.batch_execute(&grants).await?;
    let url = shops.db.admin_url();
    let host = url.split_once('@').map(|(_, host)| host).ok_or("a URL with a user")?;
    let opened = AdminPool::builder(format!("postgresql://{role}:x@{host}")).max_size(1).connect().await;
    let outcome = match opened {
        Ok(admin) => work(&shops, &role, admin).await,
        Err(error) => Err(error.into()),
    };
    superuser.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await?;
    outcome
}

/// It could go on with the rows that the policies leave, and bill half of the customers.
#[tokio::test]
async fn a_role_that_loses_its_right_to_see_all_gets_an_error_and_not_a_part() -> Outcome {
    with_role("IN ROLE crow_admin", async |shops, role, admin| {
        let sql = "SELECT count(*) AS number FROM vehicles";
        let mut held = admin.get(invoices()).await?;
        assert_eq!(number(&mut held, sql).await?, 4);
        shops.superuser().await?.batch_execute(&format!("ALTER ROLE {role} NOBYPASSRLS")).await?;
        let refused = number(&mut held, sql).await.expect_err("a part of the rows").to_string();
        assert!(refused.contains("row-level security"), "{refused}");
        drop(held);
        let mut next = admin.get(invoices()).await?;
        let refused = number(&mut next, sql).await.expect_err("a part of the rows").to_string();
        assert!(refused.contains("row-level security"), "{refused}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_role_that_may_only_read_cannot_write_whatever_it_says() -> Outcome {
    with_role("", async |_, role, admin| {
        let mut conn = admin.get(invoices().writing()).await?;
        assert_eq!(number(&mut conn, "SELECT count(*) AS number FROM vehicles").await?, 4);
        let sql = "SET default_transaction_read_only = off; DELETE FROM vehicles";
        let refused = conn.batch_execute(sql).await.expect_err("a reader has written").to_string();
        assert!(refused.contains("permission denied"), "{refused}");
        drop(conn);
        let mut conn = admin.get(invoices()).await?;
        assert_eq!(texts(&mut conn, "SELECT session_user::text AS text").await?, [role]);
        Ok(())
    })
    .await
}
