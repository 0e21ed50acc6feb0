//! Several statements together or not at all.

use crow_core::{Error, TenantConn};
use crow_examples::models::Vehicle;
use crow_examples::schema::vehicles;
use crow_tests::job::{Job, NewJob};
use diesel::sql_query;
use futures_util::try_join;
use uuid::Uuid;

use crate::shop::{Outcome, Shops, number, raw_texts, vehicle};

const STOCK: [&str; 3] = ["Civic", "Jazz", "Yaris"];

async fn add(tx: &TenantConn<'_>, model: &str) -> Result<(), Error> {
    tx.insert_into::<Vehicle>().values(vehicle("Honda", model)).execute(tx).await.map(drop)
}

#[tokio::test]
async fn ok_commits_and_err_rolls_back() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    shops.pool.transaction(shops.ours, async |tx| add(tx, "Accord").await).await?;
    let failed: Result<(), Error> = shops
        .pool
        .transaction(shops.ours, async |tx| {
            add(tx, "Prelude").await?;
            Err(Error::NotFound)
        })
        .await;
    assert!(matches!(failed, Err(Error::NotFound)));
    assert_eq!(shops.models_of(shops.ours).await?, ["Accord", "Civic", "Jazz", "Yaris"]);
    shops.assert_clean("both").await
}

#[tokio::test]
async fn a_transaction_of_a_scope_is_over_at_its_end() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let counts = shops
        .pool
        .scope(shops.ours, async |db| {
            db.transaction(async |tx| add(tx, "Accord").await).await?;
            let failed: Result<(), Error> = db
                .transaction(async |tx| {
                    add(tx, "Prelude").await?;
                    Err(Error::NotFound)
                })
                .await;
            assert!(failed.is_err());
            add(db, "Legend").await?;
            db.query::<Vehicle>().order(vehicles::model).select(vehicles::model).load::<String>(db).await
        })
        .await?;
    assert_eq!(counts, ["Accord", "Civic", "Jazz", "Legend", "Yaris"]);
    Ok(())
}

#[tokio::test]
async fn a_savepoint_that_fails_takes_only_its_own_work_with_it() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    shops
        .pool
        .transaction(shops.ours, async |tx| {
            add(tx, "Accord").await?;
            let taken = tx
                .transaction(async |tx| {
                    add(tx, "Prelude").await?;
                    add(tx, "Civic").await
                })
                .await;
            assert!(matches!(taken, Err(Error::Unique(_))), "{taken:?}");
            add(tx, "Legend").await
        })
        .await?;
    assert_eq!(shops.models_of(shops.ours).await?, ["Accord", "Civic", "Jazz", "Legend", "Yaris"]);
    Ok(())
}

#[tokio::test]
async fn savepoints_nest() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    shops
        .pool
        .transaction(shops.ours, async |tx| {
            tx.transaction(async |tx| {
                add(tx, "1").await?;
                tx.transaction(async |tx| {
                    add(tx, "2").await?;
                    let undone: Result<(), Error> = tx
                        .transaction(async |tx| {
                            add(tx, "3").await?;
                            Err(Error::NotFound)
                        })
                        .await;
                    assert!(undone.is_err());
                    add(tx, "4").await
                })
                .await
            })
            .await?;
            let undone: Result<(), Error> = tx
                .transaction(async |tx| {
                    tx.transaction(async |tx| add(tx, "5").await).await?;
                    Err(Error::NotFound)
                })
                .await;
            assert!(undone.is_err());
            Ok::<_, Error>(())
        })
        .await?;
    assert_eq!(shops.models_of(shops.ours).await?, ["1", "2", "4", "Civic", "Jazz", "Yaris"]);
    shops.assert_clean("nesting").await
}

#[tokio::test]
async fn an_error_that_is_swallowed_rolls_back_and_says_so() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let swallowed = shops
        .pool
        .transaction(shops.ours, async |tx| {
            add(tx, "Accord").await?;
            let _ = add(tx, "Civic").await;
            Ok::<_, Error>(())
        })
        .await;
    assert!(matches!(swallowed, Err(Error::RolledBack)), "{swallowed:?}");
    assert_eq!(shops.models_of(shops.ours).await?, STOCK);
    shops.assert_clean("a swallowed error").await
}

#[tokio::test]
async fn an_error_swallowed_in_a_savepoint_rolls_back_the_savepoint_and_says_so() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    shops
        .pool
        .transaction(shops.ours, async |tx| {
            let inner = tx
                .transaction(async |tx| {
                    add(tx, "Accord").await?;
                    let _ = add(tx, "Civic").await;
                    Ok::<_, Error>(())
                })
                .await;
            assert!(matches!(inner, Err(Error::RolledBack)), "{inner:?}");
            add(tx, "Legend").await
        })
        .await?;
    assert_eq!(shops.models_of(shops.ours).await?, ["Civic", "Jazz", "Legend", "Yaris"]);
    Ok(())
}

/// PostgreSQL refuses the savepoint; that is no reason to lose the connection, or the error.
#[tokio::test]
async fn a_savepoint_in_a_failed_transaction_is_refused_and_the_end_still_tells_why() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let swallowed = shops
        .pool
        .transaction(shops.ours, async |tx| {
            let _ = add(tx, "Civic").await;
            let inner = tx.transaction(async |tx| add(tx, "Accord").await).await;
            assert!(matches!(inner, Err(Error::Other(_))), "{inner:?}");
            Ok::<_, Error>(())
        })
        .await;
    assert!(matches!(swallowed, Err(Error::RolledBack)), "{swallowed:?}");
    assert_eq!(shops.models_of(shops.ours).await?, STOCK);
    shops.assert_clean("a refused savepoint").await
}

#[tokio::test]
async fn an_empty_transaction_sends_nothing() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let mut superuser = shops.superuser().await?;
    let last = "SELECT (extract(epoch FROM state_change) * 1000000)::bigint AS number FROM pg_stat_activity \
                WHERE datname = current_database() AND usename = 'crow_app'";
    let before = number(&mut superuser, last).await?;
    shops.pool.transaction(shops.ours, async |_| Ok::<_, Error>(())).await?;
    shops.pool.scope(shops.ours, async |_| Ok::<_, Error>(())).await?;
    assert_eq!(number(&mut superuser, last).await?, before);
    Ok(())
}

#[tokio::test]
async fn statements_side_by_side_in_a_transaction_share_it() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let transactions = shops
        .pool
        .transaction(shops.ours, async |tx| {
            let tx = &*tx;
            let current = || raw_texts(tx, "SELECT pg_current_xact_id()::text AS text");
            let (a, (), b) = try_join!(current(), add(tx, "Accord"), current())?;
            Ok::<_, Error>([a, b])
        })
        .await?;
    assert_eq!(transactions[0], transactions[1]);
    let failed = shops
        .pool
        .transaction(shops.ours, async |tx| {
            let tx = &*tx;
            try_join!(add(tx, "Prelude"), add(tx, "Civic"), add(tx, "Legend")).map(drop)
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(shops.models_of(shops.ours).await?, ["Accord", "Civic", "Jazz", "Yaris"]);
    shops.assert_clean("statements side by side").await
}

#[tokio::test]
async fn what_is_checked_at_commit_fails_the_transaction_and_the_statement() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let new = || NewJob { vehicle_id: Some(Uuid::new_v4()), ..Default::default() };
    let alone = shops
        .pool
        .scope(shops.ours, async |db| db.insert_into::<Job>().values(new()).execute(db).await)
        .await;
    assert!(matches!(&alone, Err(Error::ForeignKey(Some(name))) if name.contains("vehicle")), "{alone:?}");
    let together = shops
        .pool
        .transaction(shops.ours, async |tx| {
            let job = tx.insert_into::<Job>().values(new()).execute(tx).await;
            assert!(job.is_ok(), "checked at COMMIT");
            job
        })
        .await;
    assert!(matches!(together, Err(Error::ForeignKey(_))), "{together:?}");
    let jobs = shops.pool.scope(shops.ours, async |db| db.query::<Job>().count(db).await).await?;
    assert_eq!(jobs, 0);
    shops.assert_clean("a failed COMMIT").await
}

#[tokio::test]
async fn sql_that_ends_the_transaction_ends_the_tenants_work_too() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let after = shops
        .pool
        .transaction(shops.ours, async |tx| {
            tx.rls_only(sql_query("COMMIT")).execute(tx).await?;
            tx.query::<Vehicle>().count(tx).await
        })
        .await;
    assert!(matches!(after, Err(Error::NoTenant)), "{after:?}");
    shops.assert_clean("COMMIT in SQL").await
}

#[tokio::test]
async fn each_statement_of_a_scope_is_a_transaction_of_its_own() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let failed = shops
        .pool
        .scope(shops.ours, async |db| {
            add(db, "Accord").await?;
            add(db, "Civic").await
        })
        .await;
    assert!(matches!(failed, Err(Error::Unique(_))));
    assert_eq!(shops.models_of(shops.ours).await?, ["Accord", "Civic", "Jazz", "Yaris"]);
    Ok(())
}
