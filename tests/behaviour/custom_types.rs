//! A bind of a type that the driver has to ask the server for, in one flight with others.

use crow_core::Error;
use diesel::prelude::*;
use futures_util::future::try_join_all;

use crate::shop::{Outcome, Shops};
use crow_tests::job::{Job, JobChanges, NewJob, State, jobs};

#[tokio::test]
async fn the_first_statement_of_a_cold_connection_works() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let made: Job = shops
        .pool
        .scope(shops.ours, async |db| {
            let new = NewJob { state: Some(State::Done), ..Default::default() };
            db.insert_into::<Job>().values(new).get_result(db).await
        })
        .await?;
    assert_eq!((made.state, made.note), (State::Done, Some("by default".into())));
    let seen = shops
        .pool
        .scope(shops.theirs, async |db| {
            db.query::<Job>().filter(jobs::state.eq(State::Done)).load::<Job>(db).await
        })
        .await?;
    assert_eq!(seen, []);
    Ok(())
}

#[tokio::test]
async fn twenty_statements_at_once_work_cold_and_warm() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    for round in 1..=2 {
        let found = shops
            .pool
            .scope(shops.ours, async |db| {
                let db = &*db;
                let inserts = try_join_all((0..10).map(|_| {
                    let new = NewJob { state: Some(State::Done), ..Default::default() };
                    db.insert_into::<Job>().values(new).execute(db)
                }));
                let selects = try_join_all(
                    (0..10).map(|_| db.query::<Job>().filter(jobs::state.eq(State::Waiting)).count(db)),
                );
                let plain = try_join_all((0..10).map(|_| db.query::<Job>().count(db)));
                futures_util::try_join!(inserts, selects, plain)?;
                db.query::<Job>().filter(jobs::state.eq(State::Done)).count(db).await
            })
            .await?;
        assert_eq!(found, 10 * round);
    }
    Ok(())
}

#[tokio::test]
async fn they_work_together_with_the_first_statements_of_a_transaction() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    for round in 1..=2 {
        let found = shops
            .pool
            .transaction(shops.ours, async |tx| {
                let tx = &*tx;
                let new = NewJob { state: Some(State::Waiting), ..Default::default() };
                let (_, _, _) = futures_util::try_join!(
                    tx.query::<Job>().filter(jobs::state.eq(State::Waiting)).count(tx),
                    tx.insert_into::<Job>().values(new).execute(tx),
                    tx.query::<Job>().count(tx),
                )?;
                tx.query::<Job>().count(tx).await
            })
            .await?;
        assert_eq!(found, round);
    }
    Ok(())
}

#[tokio::test]
async fn a_changeset_and_an_inline_change_of_one_work() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let states = shops
        .pool
        .scope(shops.ours, async |db| {
            db.insert_into::<Job>().values(NewJob::default()).execute(db).await?;
            let changes = JobChanges { state: Some(State::Done), note: None };
            let first: Job = db.update::<Job>().set(changes).get_result(db).await?;
            let second: Job = db.update::<Job>().set(jobs::state.eq(State::Waiting)).get_result(db).await?;
            Ok::<_, Error>([first.state, second.state])
        })
        .await?;
    assert_eq!(states, [State::Done, State::Waiting]);
    Ok(())
}
