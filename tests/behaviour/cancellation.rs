//! A future may be dropped at any point.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crow_core::{Error, TenantConn};
use crow_examples::models::Vehicle;
use crow_examples::schema::vehicles;
use diesel::prelude::*;
use futures_util::try_join;

use crate::shop::{Outcome, Shops, vehicle};

/// Polls a future so many times and no more; `None` if it was not ready by then.
pub(crate) struct Polls<F> {
    future: Pin<Box<F>>,
    left: usize,
}

pub(crate) fn polls<F: Future>(left: usize, future: F) -> Polls<F> {
    Polls { future: Box::pin(future), left }
}

impl<F: Future> Future for Polls<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        match self.future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// Cancels the work after each number of polls until it comes to its end. Whatever happened, the
/// connection pool is whole and clean, and of the work's vehicles all are there or none.
async fn cancelled_everywhere<W, F>(work: W, vehicles_written: i64) -> Outcome
where
    W: Fn(std::sync::Arc<Shops>) -> F,
    F: Future<Output = Result<(), Error>>,
{
    let shops = std::sync::Arc::new(Shops::open_on_one_connection().await?);
    for times in 0..200 {
        let done = polls(times, work(std::sync::Arc::clone(&shops))).await;
        shops.assert_clean(&format!("{times} polls")).await?;
        let written = shops
            .pool
            .scope(shops.ours, async |db| {
                db.delete::<Vehicle>().filter(vehicles::model.like("new%")).execute(db).await
            })
            .await? as i64;
        match done {
            Some(result) => {
                result?;
                assert_eq!(written, vehicles_written);
                assert!(times > 2, "a server's answer takes more than one poll");
                return Ok(());
            }
            None => assert!(written == 0 || written == vehicles_written, "half of it after {times} polls"),
        }
    }
    Err("the work never comes to its end".into())
}

#[tokio::test]
async fn in_a_statement() -> Outcome {
    cancelled_everywhere(
        async |shops| {
            shops
                .pool
                .scope(shops.ours, async |db| {
                    let new = [vehicle("Honda", "new 1"), vehicle("Honda", "new 2")];
                    db.insert_into::<Vehicle>().values(new).execute(db).await.map(drop)
                })
                .await
        },
        2,
    )
    .await
}

#[tokio::test]
async fn in_statements_side_by_side() -> Outcome {
    cancelled_everywhere(
        async |shops| {
            shops
                .pool
                .scope(shops.ours, async |db| {
                    let db = &*db;
                    let new = vehicle("Honda", "new");
                    try_join!(
                        db.query::<Vehicle>().load::<Vehicle>(db),
                        db.insert_into::<Vehicle>().values(new).execute(db),
                        db.query::<Vehicle>().filter(vehicles::make.eq("Honda")).count(db),
                    )
                    .map(drop)
                })
                .await
        },
        1,
    )
    .await
}

#[tokio::test]
async fn in_a_transaction() -> Outcome {
    cancelled_everywhere(
        async |shops| {
            shops
                .pool
                .transaction(shops.ours, async |tx| {
                    for model in ["new 1", "new 2", "new 3"] {
                        tx.insert_into::<Vehicle>().values(vehicle("Honda", model)).execute(tx).await?;
                    }
                    Ok(())
                })
                .await
        },
        3,
    )
    .await
}

#[tokio::test]
async fn in_nested_transactions() -> Outcome {
    cancelled_everywhere(
        async |shops| {
            shops
                .pool
                .transaction(shops.ours, async |tx| {
                    tx.insert_into::<Vehicle>().values(vehicle("Honda", "new 1")).execute(tx).await?;
                    let undone = tx.transaction(async |tx| insert_and_fail(tx).await).await;
                    assert!(matches!(undone, Err(Error::NotFound)), "{undone:?}");
                    tx.transaction(async |tx| {
                        let new = vehicle("Honda", "new 3");
                        tx.insert_into::<Vehicle>().values(new).execute(tx).await.map(drop)
                    })
                    .await
                })
                .await
        },
        2,
    )
    .await
}

async fn insert_and_fail(tx: &mut TenantConn<'_>) -> Result<(), Error> {
    tx.insert_into::<Vehicle>().values(vehicle("Honda", "new 2")).execute(tx).await?;
    Err(Error::NotFound)
}

#[tokio::test]
async fn a_scope_whose_statement_was_dropped_says_so_and_goes_no_further() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    for times in 0..100 {
        let (done, next) = shops
            .pool
            .scope(shops.ours, async |db| {
                let done = polls(times, db.query::<Vehicle>().count(db)).await;
                Ok::<_, Error>((done, db.query::<Vehicle>().count(db).await))
            })
            .await?;
        shops.assert_clean("a dropped statement").await?;
        match (done, times, next) {
            (Some(count), _, next) => {
                assert_eq!((count?, next?), (3, 3));
                return Ok(());
            }
            (None, 0, next) => assert_eq!(next?, 3, "what was never polled was never begun"),
            (None, _, Err(Error::Connection(text))) => assert!(text.contains("was dropped"), "{text}"),
            (None, _, next) => panic!("after {times} polls: {next:?}"),
        }
    }
    Err("the statement never comes to its end".into())
}

#[tokio::test]
async fn a_scope_whose_transaction_was_dropped_goes_no_further() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    for times in 1..100 {
        let (done, next) = shops
            .pool
            .scope(shops.ours, async |db| {
                let work = db.transaction(async |tx| insert_and_fail(tx).await);
                let done = polls(times, work).await;
                Ok::<_, Error>((done, db.query::<Vehicle>().count(db).await))
            })
            .await?;
        shops.assert_clean("a dropped transaction").await?;
        assert_eq!(shops.models_of(shops.ours).await?, ["Civic", "Jazz", "Yaris"]);
        match (done, next) {
            (Some(result), next) => {
                assert!(matches!(result, Err(Error::NotFound)));
                assert_eq!(next?, 3);
                return Ok(());
            }
            (None, Err(Error::Connection(text))) => assert!(text.contains("was dropped"), "{text}"),
            (None, next) => panic!("after {times} polls: {next:?}"),
        }
    }
    Err("the transaction never comes to its end".into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_whose_scopes_were_cancelled_still_serves_as_many_at_once() -> Outcome {
    let shops = Shops::open_with(|pool| pool.max_size(3)).await?;
    for times in 0..12 {
        let scopes = (0..3)
            .map(|_| polls(times, shops.pool.transaction(shops.ours, async |tx| insert_and_fail(tx).await)));
        futures_util::future::join_all(scopes).await;
    }
    let all_at_once = tokio::sync::Barrier::new(3);
    let scopes = (0..3).map(|_| {
        shops.pool.scope(shops.theirs, async |db| {
            all_at_once.wait().await;
            db.query::<Vehicle>().count(db).await
        })
    });
    assert_eq!(futures_util::future::try_join_all(scopes).await?, [1, 1, 1]);
    shops.assert_clean("many cancelled scopes").await
}
