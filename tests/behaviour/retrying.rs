//! Transactions that conflict, and run again.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crow_core::{Error, TenantConn, TenantPool};
use crow_examples::models::Vehicle;
use crow_examples::schema::vehicles;
use crow_testkit::{Direction, Proxy};
use diesel::ExpressionMethods;
use tokio::sync::Barrier;

use crate::shop::{Outcome, Shops, vehicle};

async fn add(tx: &TenantConn<'_>, model: &str) -> Result<(), Error> {
    tx.insert_into::<Vehicle>().values(vehicle("Honda", model)).execute(tx).await.map(drop)
}

async fn date(db: &TenantConn<'_>, year: i32) -> Result<usize, Error> {
    db.update::<Vehicle>().filter(vehicles::model.eq("Civic")).set(vehicles::year.eq(year)).execute(db).await
}

impl Shops {
    /// A change that somebody else has committed since `tx` began, so that it conflicts.
    async fn conflict(&self, tx: &TenantConn<'_>) -> Result<usize, Error> {
        tx.query::<Vehicle>().count(tx).await?;
        self.pool.scope(self.ours, async |other| date(other, 2001).await).await?;
        date(tx, 2002).await
    }
}

#[tokio::test]
async fn of_two_that_rely_on_what_the_other_changes_one_runs_again() -> Outcome {
    let shops = Shops::open().await?;
    let (both_have_read, runs) = (Barrier::new(2), AtomicU32::new(0));
    // No more than four vehicles: both see three at first.
    let add_if_few = |model: &'static str| {
        let (shops, both_have_read, runs) = (&shops, &both_have_read, &runs);
        async move {
            let transaction = shops.pool.build_transaction(shops.ours).serializable().retrying(5);
            let added = transaction.run(async |tx| {
                let few = tx.query::<Vehicle>().count(tx).await? < 4;
                if runs.fetch_add(1, Ordering::Relaxed) < 2 {
                    both_have_read.wait().await;
                }
                if few {
                    add(tx, model).await?;
                }
                Ok::<_, Error>(few)
            });
            added.await
        }
    };
    let (first, second) = tokio::try_join!(add_if_few("Accord"), add_if_few("Legend"))?;
    assert!(first ^ second, "one of them was the fourth");
    assert_eq!(runs.into_inner(), 3);
    assert_eq!(shops.models_of(shops.ours).await?.len(), 4);
    shops.assert_clean("write skew").await
}

#[tokio::test]
async fn after_a_deadlock_the_one_that_gave_way_runs_again() -> Outcome {
    let shops = Shops::open().await?;
    let (both_hold_one, runs) = (Barrier::new(2), AtomicU32::new(0));
    let change = |first: &'static str, second: &'static str| {
        let (shops, both_hold_one, runs) = (&shops, &both_hold_one, &runs);
        async move {
            let transaction = shops.pool.build_transaction(shops.ours).retrying(3);
            let changed = transaction.run(async |tx| {
                let set = |model| {
                    tx.update::<Vehicle>().filter(vehicles::model.eq(model)).set(vehicles::year.eq(2001))
                };
                set(first).execute(tx).await?;
                if runs.fetch_add(1, Ordering::Relaxed) < 2 {
                    both_hold_one.wait().await;
                }
                set(second).execute(tx).await
            });
            changed.await
        }
    };
    let changed = tokio::try_join!(change("Civic", "Jazz"), change("Jazz", "Civic"))?;
    assert_eq!((changed, runs.into_inner()), ((1, 1), 3));
    shops.assert_clean("a deadlock").await
}

#[tokio::test]
async fn a_conflict_that_shows_at_commit_runs_again() -> Outcome {
    let shops = Shops::open().await?;
    let runs = AtomicU32::new(0);
    shops
        .pool
        .scope(shops.ours, async |db| {
            let transaction = db.build_transaction().serializable().retrying(2);
            transaction
                .run(async |tx| {
                    let count = tx.query::<Vehicle>().count(tx).await?;
                    add(tx, &format!("vehicle {}", count + 1)).await?;
                    if runs.fetch_add(1, Ordering::Relaxed) == 0 {
                        let other = shops.pool.build_transaction(shops.ours).serializable();
                        other
                            .run(async |other| {
                                let count = other.query::<Vehicle>().count(other).await?;
                                add(other, &format!("another vehicle {}", count + 1)).await
                            })
                            .await?;
                    }
                    Ok::<_, Error>(())
                })
                .await
        })
        .await?;
    assert_eq!(runs.into_inner(), 2);
    let models = ["Civic", "Jazz", "Yaris", "another vehicle 4", "vehicle 5"];
    assert_eq!(shops.models_of(shops.ours).await?, models);
    shops.assert_clean("a conflict at COMMIT").await
}

#[tokio::test]
async fn after_the_last_attempt_the_conflict_tells_how_many_there_were() -> Outcome {
    let shops = Shops::open().await?;
    let runs = AtomicU32::new(0);
    let transaction = shops.pool.build_transaction(shops.ours).repeatable_read();
    let failed = transaction
        .retrying(3)
        .run(async |tx| {
            runs.fetch_add(1, Ordering::Relaxed);
            shops.conflict(tx).await
        })
        .await;
    assert!(matches!(failed, Err(Error::Conflict { attempts: 3, .. })), "{failed:?}");
    assert!(failed.is_err_and(|error| error.to_string().contains("at each of 3 attempts")));
    assert_eq!(runs.into_inner(), 3);
    let once = shops.pool.build_transaction(shops.ours).repeatable_read();
    let failed = once.run(async |tx| shops.conflict(tx).await).await;
    assert!(
        matches!(&failed, Err(error @ Error::Conflict { attempts: 1, .. }) if error.to_string().contains("let `retrying`")),
        "{failed:?}"
    );
    shops.assert_clean("conflicts").await
}

#[derive(Debug)]
enum ShopError {
    OutOfOrder,
    Crow(#[expect(dead_code, reason = "shown by Debug")] Error),
}

impl From<Error> for ShopError {
    fn from(error: Error) -> Self {
        Self::Crow(error)
    }
}

#[tokio::test]
async fn whatever_error_the_closure_makes_of_a_conflict_it_runs_again() -> Outcome {
    let shops = Shops::open().await?;
    let runs = AtomicU32::new(0);
    let transaction = shops.pool.build_transaction(shops.ours).repeatable_read().retrying(3);
    let done = transaction
        .run(async |tx| match runs.fetch_add(1, Ordering::Relaxed) {
            0 => shops.conflict(tx).await.map_err(|_| ShopError::OutOfOrder),
            // In a savepoint, whose error is swallowed and answered by another.
            1 => tx.transaction(async |tx| shops.conflict(tx).await).await.or(Err(ShopError::OutOfOrder)),
            _ => date(tx, 2003).await.map_err(ShopError::Crow),
        })
        .await;
    assert!(matches!(done, Ok(1)), "{done:?}");
    assert_eq!(runs.into_inner(), 3);
    Ok(())
}

#[tokio::test]
async fn what_got_over_a_conflict_and_committed_does_not_run_again() -> Outcome {
    let shops = Shops::open().await?;
    let runs = AtomicU32::new(0);
    let transaction = shops.pool.build_transaction(shops.ours).repeatable_read().retrying(3);
    transaction
        .run(async |tx| {
            runs.fetch_add(1, Ordering::Relaxed);
            let inner = tx.transaction(async |tx| shops.conflict(tx).await).await;
            assert!(matches!(inner, Err(Error::Conflict { .. })), "{inner:?}");
            add(tx, "Accord").await
        })
        .await?;
    assert_eq!(runs.into_inner(), 1);
    assert_eq!(shops.models_of(shops.ours).await?, ["Accord", "Civic", "Jazz", "Yaris"]);
    Ok(())
}

#[tokio::test]
async fn other_errors_are_final() -> Outcome {
    let shops = Shops::open().await?;
    let runs = AtomicU32::new(0);
    let transaction = shops.pool.build_transaction(shops.ours).serializable().retrying(5);
    let taken = transaction
        .run(async |tx| {
            runs.fetch_add(1, Ordering::Relaxed);
            add(tx, "Civic").await
        })
        .await;
    assert!(matches!(taken, Err(Error::Unique(_))), "{taken:?}");
    let none =
        shops.pool.build_transaction(shops.ours).retrying(0).run(async |tx| add(tx, "Accord").await).await;
    assert!(matches!(&none, Err(Error::Invalid(text)) if text.contains("retrying(1)")), "{none:?}");
    assert_eq!(runs.into_inner(), 1);
    Ok(())
}

#[tokio::test]
async fn the_deadline_covers_all_attempts() -> Outcome {
    let shops = Shops::open().await?;
    let pool =
        TenantPool::builder(shops.db.tenant_url()).deadline(Duration::from_millis(150)).connect().await?;
    let transaction = pool.build_transaction(shops.ours).repeatable_read().retrying(u32::MAX);
    let late = transaction.run(async |tx| shops.conflict(tx).await).await;
    assert!(matches!(late, Err(Error::Deadline(_))), "{late:?}");
    shops.assert_clean("a deadline").await
}

/// The connection breaks while COMMIT is under way: before it has reached the server, or after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_without_an_answer_is_told_apart_and_not_tried_again() -> Outcome {
    let shops = Shops::open().await?;
    for (direction, model, committed) in
        [(Direction::ToServer, "Accord", false), (Direction::ToClient, "Legend", true)]
    {
        let proxy = Proxy::start(&shops.db.tenant_url())?;
        let pool = TenantPool::builder(proxy.url()).max_size(1).connect().await?;
        let runs = AtomicU32::new(0);
        let mut commit =
            proxy.hold(move |message| message.direction() == direction && message.contains("COMMIT"));
        let cut = async {
            commit.reached().await;
            commit.cut(0);
        };
        let transaction = pool.build_transaction(shops.ours).serializable().retrying(5);
        let work = transaction.run(async |tx| {
            runs.fetch_add(1, Ordering::Relaxed);
            add(tx, model).await
        });
        let (unknown, ()) = tokio::join!(work, cut);
        assert!(matches!(unknown, Err(Error::CommitUnknown(_))), "{unknown:?}");
        assert_eq!(runs.into_inner(), 1);
        shops.settled().await?;
        assert_eq!(shops.models_of(shops.ours).await?.contains(&model.to_owned()), committed);
        let next = pool.scope(shops.theirs, async |db| db.query::<Vehicle>().count(db).await).await?;
        assert_eq!(next, 1);
    }
    Ok(())
}

/// An earlier statement lost the connection, so COMMIT was never sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_before_commit_is_no_unknown_outcome() -> Outcome {
    let shops = Shops::open().await?;
    let proxy = Proxy::start(&shops.db.tenant_url())?;
    let pool = TenantPool::builder(proxy.url()).max_size(1).connect().await?;
    let lost = pool
        .transaction(shops.ours, async |tx| {
            add(tx, "Accord").await?;
            proxy.cut();
            let _ = add(tx, "Legend").await;
            Ok::<_, Error>(())
        })
        .await;
    assert!(matches!(lost, Err(Error::Connection(_))), "{lost:?}");
    shops.settled().await?;
    assert_eq!(shops.models_of(shops.ours).await?.len(), 3);
    Ok(())
}
