//! A scope leaves nothing in its connection for the next one.

use std::future::pending;
use std::time::Duration;

use crow_core::{Error, TenantConn};
use crow_examples::models::Vehicle;
use crow_examples::schema::vehicles;
use diesel::sql_query;

use crate::shop::{Outcome, Shops, backend, number, raw_texts, vehicle};

impl Shops {
    /// No process serves a scope of this database any more; those that were told to end have ended.
    pub(crate) async fn settled(&self) -> Outcome {
        let mut superuser = self.superuser().await?;
        let busy = "SELECT count(*) AS number FROM pg_stat_activity \
                    WHERE datname = current_database() AND usename = 'crow_app' AND state <> 'idle'";
        let settle = async {
            while number(&mut superuser, busy).await? > 0 {
                tokio::task::yield_now().await;
            }
            Ok(())
        };
        tokio::time::timeout(Duration::from_secs(10), settle).await.map_err(|_| "a transaction stays open")?
    }

    /// No transaction is open and no lock held, and the next scope of another tenant sees its own
    /// rows and nothing that was left.
    pub(crate) async fn assert_clean(&self, after: &str) -> Outcome {
        self.settled().await?;
        let locks = "SELECT count(*) AS number FROM pg_locks JOIN pg_database d ON d.oid = database \
                     WHERE datname = current_database() AND pid <> pg_backend_pid() \
                     AND (locktype = 'advisory' OR mode = 'AccessExclusiveLock')";
        assert_eq!(number(&mut self.superuser().await?, locks).await?, 0, "locks after {after}");
        let (seen, left) = self.pool.transaction(self.theirs, async |tx| look(tx).await).await?;
        assert_eq!(seen, ["Corolla"], "rows after {after}");
        assert_eq!(left, Vec::<String>::new(), "left after {after}");
        Ok(())
    }
}

/// The models that are visible, then whatever there is in the session without a tenant.
async fn look(tx: &mut TenantConn<'_>) -> Result<(Vec<String>, Vec<String>), Error> {
    let seen = tx.query::<Vehicle>().select(vehicles::model).load::<String>(tx).await?;
    tx.rls_only(sql_query("COMMIT")).execute(tx).await?;
    let left = raw_texts(
        tx,
        "SELECT 'scope ' || current_setting('crow.scope', true) AS text WHERE current_setting('crow.scope', true) <> ''
         UNION ALL SELECT 'tenant ' || current_setting('app.current_tenant', true) WHERE current_setting('app.current_tenant', true) <> ''
         UNION ALL SELECT 'cursor ' || name FROM pg_cursors WHERE is_holdable
         UNION ALL SELECT 'prepared ' || statement FROM pg_prepared_statements WHERE from_sql
         UNION ALL SELECT 'listens to ' || c FROM pg_listening_channels() AS c
         UNION ALL SELECT 'temporary ' || relname FROM pg_class WHERE relpersistence = 't' AND relnamespace = pg_my_temp_schema()
         UNION ALL SELECT 'role ' || current_user WHERE current_user <> 'crow_app'
         UNION ALL SELECT 'setting ' || name || ' ' || setting FROM pg_settings
            WHERE source = 'session' AND name NOT IN ('TimeZone', 'client_encoding', 'client_connection_check_interval', 'transaction_read_only', 'transaction_isolation', 'transaction_deferrable')",
    )
    .await?;
    Ok((seen, left))
}

#[tokio::test]
async fn statements_that_outlive_their_transaction_leave_nothing() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let ours = shops.ours.to_string();
    for sql in [
        "SET app.current_tenant = '{ours}'",
        "SET crow.scope = '{ours}@x'",
        "SET statement_timeout = '1ms'",
        "SET search_path = pg_temp",
        "SET default_transaction_read_only = on",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET extra_float_digits = -15",
        "SET TIME ZONE 'Asia/Tokyo'",
        "DECLARE spy CURSOR WITH HOLD FOR SELECT model FROM vehicles",
        "SELECT pg_advisory_lock(42)::text AS text",
        "SELECT pg_advisory_lock_shared(42)::text AS text",
        "LISTEN news",
        "CREATE TEMP TABLE vehicles AS SELECT * FROM public.vehicles",
        "CREATE TEMP TABLE spy ON COMMIT DELETE ROWS AS SELECT * FROM vehicles",
        "PREPARE spy AS SELECT model FROM vehicles",
        "PREPARE s1(uuid) AS SELECT crow.enter('{ours}')",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "COMMIT AND CHAIN",
        "SAVEPOINT s",
        "LOCK TABLE service_records IN ROW EXCLUSIVE MODE",
        "no SQL",
        "SELECT 1/0",
    ] {
        let sql = sql.replace("{ours}", &ours);
        // A broken connection shows in the answer or, as a clean one does, in the next scope.
        let _ =
            shops.pool.scope(shops.ours, async |db| db.rls_only(sql_query(&*sql)).execute(db).await).await;
        shops.assert_clean(&sql).await?;
        let _ = shops
            .pool
            .transaction(shops.ours, async |tx| tx.rls_only(sql_query(&*sql)).execute(tx).await)
            .await;
        shops.assert_clean(&format!("{sql} in a transaction")).await?;
    }
    Ok(())
}

/// The driver cannot know that its statements are gone: one scope fails, and the connection goes.
#[tokio::test]
async fn a_connection_without_its_prepared_statements_is_closed() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    shops.assert_clean("the start").await?;
    for _ in 0..3 {
        let _ = shops
            .pool
            .transaction(shops.ours, async |tx| tx.rls_only(sql_query("DEALLOCATE ALL")).execute(tx).await)
            .await;
        let next =
            shops.pool.scope(shops.theirs, async |db| db.query::<Vehicle>().load::<Vehicle>(db).await).await;
        if let Err(error) = next {
            assert!(
                matches!(&error, Error::Connection(text) if text.contains("open a new scope")),
                "{error:?}"
            );
        }
        shops.assert_clean("DEALLOCATE ALL").await?;
    }
    Ok(())
}

#[tokio::test]
async fn clean_scopes_share_one_connection() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let mut backends = Vec::new();
    for tenant in [shops.ours, shops.theirs, shops.ours] {
        backends.push(shops.pool.scope(tenant, async |db| backend(db).await).await?);
        let failed = shops
            .pool
            .transaction(tenant, async |tx| {
                tx.insert_into::<Vehicle>().values(vehicle("Honda", "undone")).execute(tx).await?;
                Err::<(), _>(Error::NotFound)
            })
            .await;
        assert!(matches!(failed, Err(Error::NotFound)));
    }
    backends.dedup();
    assert_eq!(backends.len(), 1, "a rollback is no reason to give up a connection");
    shops.assert_clean("rollbacks").await
}

#[tokio::test]
async fn past_its_deadline_a_scope_ends_and_leaves_nothing() -> Outcome {
    let shops = Shops::open_with(|pool| pool.max_size(1).deadline(Duration::from_millis(300))).await?;
    let late = shops
        .pool
        .transaction(shops.ours, async |tx| {
            tx.insert_into::<Vehicle>().values(vehicle("Honda", "undone")).execute(tx).await?;
            pending::<Result<(), Error>>().await
        })
        .await;
    assert!(matches!(late, Err(Error::Deadline(_))), "{late:?}");
    shops.assert_clean("a deadline").await?;
    let asleep = shops
        .pool
        .scope(shops.ours, async |db| db.rls_only(sql_query("SELECT pg_sleep(2)")).execute(db).await)
        .await;
    // SQL of the user's own may have written, and its COMMIT went along.
    assert!(matches!(asleep, Err(Error::CommitUnknown(_))), "{asleep:?}");
    shops.assert_clean("a statement past the deadline").await?;
    assert_eq!(shops.models_of(shops.ours).await?, ["Civic", "Jazz", "Yaris"]);
    Ok(())
}
