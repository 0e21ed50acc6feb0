//! Isolation levels, read only, deferrable.

use crow_core::{Error, TenantConn, TenantPool};
use crow_examples::models::Vehicle;
use crow_examples::schema::vehicles;
use crow_testkit::Proxy;
use diesel::ExpressionMethods;
use diesel::sql_query;
use diesel_async::SimpleAsyncConnection;

use crate::shop::{Outcome, Shops, backend, raw_texts, vehicle};

const STOCK: [&str; 3] = ["Civic", "Jazz", "Yaris"];

/// What the server says about its transaction.
async fn options(tx: &TenantConn<'_>) -> Result<String, Error> {
    let sql = "SELECT format('%s, read only %s, deferrable %s', current_setting('transaction_isolation'), \
               current_setting('transaction_read_only'), current_setting('transaction_deferrable')) AS text";
    Ok(raw_texts(tx, sql).await?.remove(0))
}

async fn add(tx: &TenantConn<'_>, model: &str) -> Result<(), Error> {
    tx.insert_into::<Vehicle>().values(vehicle("Honda", model)).execute(tx).await.map(drop)
}

#[tokio::test]
async fn options_reach_the_server_and_go_with_the_transaction() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let on_pool = || shops.pool.build_transaction(shops.ours);
    let usual = "read committed, read only off, deferrable off";
    for (transaction, expected) in [
        (on_pool(), usual),
        (on_pool().read_committed().read_write(), usual),
        (on_pool().repeatable_read(), "repeatable read, read only off, deferrable off"),
        (on_pool().serializable(), "serializable, read only off, deferrable off"),
        (on_pool().read_only(), "read committed, read only on, deferrable off"),
        (on_pool().serializable().read_only().deferrable(), "serializable, read only on, deferrable on"),
        (
            on_pool().serializable().read_only().repeatable_read().read_write(),
            "repeatable read, read only off, deferrable off",
        ),
    ] {
        assert_eq!(transaction.run(async |tx| options(tx).await).await?, expected);
        let next = shops.pool.transaction(shops.ours, async |tx| options(tx).await).await?;
        assert_eq!(next, usual, "after {expected}");
    }
    let told = shops
        .pool
        .scope(shops.ours, async |db| {
            let told = db.build_transaction().serializable().run(async |tx| options(tx).await).await?;
            Ok::<_, Error>([told, options(db).await?])
        })
        .await?;
    assert_eq!(told, ["serializable, read only off, deferrable off", usual]);
    Ok(())
}

#[tokio::test]
async fn a_stream_can_be_the_first_statement_of_a_transaction_with_options() -> Outcome {
    use futures_util::TryStreamExt;
    let shops = Shops::open_on_one_connection().await?;
    let (rows, told) = shops
        .pool
        .build_transaction(shops.ours)
        .repeatable_read()
        .run(async |tx| {
            let rows = tx.query::<Vehicle>().select(vehicles::model).stream::<String>(tx);
            let rows: Vec<String> = rows.try_collect().await?;
            Ok::<_, Error>((rows.len(), options(tx).await?))
        })
        .await?;
    assert_eq!((rows, told.as_str()), (3, "repeatable read, read only off, deferrable off"));
    Ok(())
}

/// BEGIN, enter and the statement, then COMMIT: as without options.
#[tokio::test]
async fn options_cost_no_round_trip() -> Outcome {
    let shops = Shops::open().await?;
    let proxy = Proxy::start(&shops.db.tenant_url())?;
    let pool = TenantPool::builder(proxy.url()).max_size(1).connect().await?;
    let count = async || {
        let transaction = pool.build_transaction(shops.ours).serializable().read_only().deferrable();
        transaction.run(async |tx| tx.query::<Vehicle>().count(tx).await).await
    };
    // The first time each statement is prepared.
    assert_eq!(count().await?, 3);
    proxy.reset_round_trips();
    assert_eq!(count().await?, 3);
    assert_eq!(proxy.round_trips(), 2);
    Ok(())
}

#[tokio::test]
async fn a_read_only_transaction_refuses_to_write() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let read_only = || shops.pool.build_transaction(shops.ours).read_only();
    let count = read_only().run(async |tx| tx.query::<Vehicle>().count(tx).await).await?;
    assert_eq!(count, 3);
    let by_builder = read_only().run(async |tx| add(tx, "Accord").await).await;
    assert!(matches!(by_builder, Err(Error::ReadOnly)), "{by_builder:?}");
    let by_sql =
        read_only().run(async |tx| tx.rls_only(sql_query("DELETE FROM vehicles")).execute(tx).await).await;
    assert!(matches!(by_sql, Err(Error::ReadOnly)), "{by_sql:?}");
    let by_function = read_only()
        .run(async |tx| {
            tx.rls_only(sql_query("SET TRANSACTION READ WRITE")).execute(tx).await?;
            add(tx, "Accord").await
        })
        .await;
    assert!(by_function.is_err(), "{by_function:?}");
    assert_eq!(shops.models_of(shops.ours).await?, STOCK);
    shops.assert_clean("a refused write").await
}

#[tokio::test]
async fn what_the_database_makes_read_only_can_be_told_to_write() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let setting =
        format!("ALTER DATABASE {} SET default_transaction_read_only = on", shops.db.database().name());
    shops.superuser().await?.batch_execute(&setting).await?;
    let pool = TenantPool::builder(shops.db.tenant_url()).connect().await?;
    let refused = pool.scope(shops.ours, async |db| add(db, "Accord").await).await;
    assert!(matches!(refused, Err(Error::ReadOnly)), "{refused:?}");
    pool.build_transaction(shops.ours).read_write().run(async |tx| add(tx, "Accord").await).await?;
    assert_eq!(shops.models_of(shops.ours).await?, ["Accord", "Civic", "Jazz", "Yaris"]);
    Ok(())
}

#[tokio::test]
async fn a_repeatable_read_sees_one_moment() -> Outcome {
    let shops = Shops::open().await?;
    let counts = shops
        .pool
        .build_transaction(shops.ours)
        .repeatable_read()
        .run(async |tx| {
            let before = tx.query::<Vehicle>().count(tx).await?;
            shops.pool.scope(shops.ours, async |other| add(other, "Accord").await).await?;
            Ok::<_, Error>([before, tx.query::<Vehicle>().count(tx).await?])
        })
        .await?;
    assert_eq!(counts, [3, 3]);
    Ok(())
}

#[tokio::test]
async fn a_savepoint_has_no_options_of_its_own() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    shops
        .pool
        .build_transaction(shops.ours)
        .repeatable_read()
        .run(async |tx| {
            add(tx, "Accord").await?;
            let refused =
                tx.build_transaction().serializable().run(async |tx| add(tx, "Prelude").await).await;
            assert!(
                matches!(&refused, Err(Error::Invalid(text)) if text.contains("savepoint")),
                "{refused:?}"
            );
            let refused = tx.build_transaction().retrying(3).run(async |tx| add(tx, "Prelude").await).await;
            assert!(
                matches!(&refused, Err(Error::Invalid(text)) if text.contains("outermost")),
                "{refused:?}"
            );
            let undone: Result<(), Error> = tx
                .build_transaction()
                .run(async |tx| {
                    add(tx, "Prelude").await?;
                    Err(Error::NotFound)
                })
                .await;
            assert!(matches!(undone, Err(Error::NotFound)), "{undone:?}");
            add(tx, "Legend").await
        })
        .await?;
    assert_eq!(shops.models_of(shops.ours).await?, ["Accord", "Civic", "Jazz", "Legend", "Yaris"]);
    shops.assert_clean("refused options").await
}

#[tokio::test]
async fn the_tenant_is_the_same_after_a_rollback_to_a_savepoint() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let seen = shops
        .pool
        .transaction(shops.ours, async |tx| {
            // The savepoint comes before the tenant is bound, the rollback after.
            let failed = tx
                .transaction(async |tx| {
                    add(tx, "Accord").await?;
                    add(tx, "Accord").await
                })
                .await;
            assert!(matches!(failed, Err(Error::Unique(_))), "{failed:?}");
            let by_policy = raw_texts(tx, "SELECT model AS text FROM vehicles ORDER BY 1").await?;
            add(tx, "Legend").await?;
            Ok::<_, Error>(by_policy)
        })
        .await?;
    assert_eq!(seen, STOCK);
    assert_eq!(shops.models_of(shops.ours).await?, ["Civic", "Jazz", "Legend", "Yaris"]);
    Ok(())
}

#[tokio::test]
async fn what_the_server_stops_is_no_deadline_and_keeps_the_connection() -> Outcome {
    let shops = Shops::open_with(|pool| pool.max_size(2)).await?;
    let (before, after) = shops
        .pool
        .scope(shops.ours, async |db| {
            let before = backend(db).await?;
            let slow = db
                .transaction(async |tx| {
                    tx.rls_only(sql_query("SET LOCAL statement_timeout = '5ms'")).execute(tx).await?;
                    tx.rls_only(sql_query("SELECT pg_sleep(30)")).execute(tx).await
                })
                .await;
            assert!(
                matches!(&slow, Err(Error::Cancelled(text)) if text.contains("statement timeout")),
                "{slow:?}"
            );
            let locked = shops
                .pool
                .transaction(shops.ours, async |other| {
                    other.update::<Vehicle>().set(vehicles::year.eq(2001)).execute(other).await?;
                    let waits = db
                        .transaction(async |tx| {
                            tx.rls_only(sql_query("SET LOCAL lock_timeout = '5ms'")).execute(tx).await?;
                            tx.update::<Vehicle>().set(vehicles::year.eq(2002)).execute(tx).await
                        })
                        .await;
                    Ok::<_, Error>(waits)
                })
                .await?;
            assert!(
                matches!(&locked, Err(Error::Cancelled(text)) if text.contains("lock timeout")),
                "{locked:?}"
            );
            Ok::<_, Error>((before, backend(db).await?))
        })
        .await?;
    assert_eq!(before, after);
    shops.assert_clean("timeouts of the server's").await
}
