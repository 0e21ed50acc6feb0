//! A future may be dropped at any of its awaits.

use crow_core::Error;
use crow_examples::models::Vehicle;
use crow_examples::schema::vehicles;
use crow_testkit::cancel;
use diesel::ExpressionMethods;
use futures_util::future::join_all;

use crate::scene::Scene;
use crate::shop::Outcome;
use crate::works::Work;

/// Each time, if `cold`, the pool has to open its connections first.
async fn at_every_await(work: Work, cold: bool) -> Outcome {
    let scene = Scene::open().await?;
    let run = async || scene.run(work).await;
    cancel::at_every_await(run, async |polls, result| {
        let told = |error: String| format!("{work:?}, {polls} polls: {error}");
        if let Some(result) = &result
            && !work.ends_as_meant(result)
        {
            return Err(told(format!("{result:?}")).into());
        }
        scene.assert_whole(work, result.as_ref()).await.map_err(|error| told(error.to_string()))?;
        if cold { scene.lose_connections().await } else { Ok(()) }
    })
    .await
}

#[tokio::test]
async fn work_on_a_connection_of_the_pool() -> Outcome {
    for work in Work::ALL {
        at_every_await(work, false).await?;
    }
    Ok(())
}

#[tokio::test]
async fn work_on_a_new_connection() -> Outcome {
    for work in [Work::Statement, Work::Transaction] {
        at_every_await(work, true).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once() -> Outcome {
    let scene = Scene::open().await?;
    for polls in 0..12 {
        join_all((0..4).map(|_| cancel::after_polls(polls, scene.run(Work::RollBack)))).await;
    }
    scene.assert_whole(Work::RollBack, None).await
}

#[tokio::test]
async fn a_scope_whose_statement_was_dropped_says_so_and_goes_no_further() -> Outcome {
    let scene = Scene::open().await?;
    for polls in 0..100 {
        let (done, next) = scene
            .pool
            .scope(scene.ours(), async |db| {
                let done = cancel::after_polls(polls, db.query::<Vehicle>().count(db)).await;
                Ok::<_, Error>((done, db.query::<Vehicle>().count(db).await))
            })
            .await?;
        scene.assert_clean().await?;
        match (done, polls, next) {
            (Some(count), _, next) => {
                assert_eq!((count?, next?), (3, 3));
                return Ok(());
            }
            (None, 0, next) => assert_eq!(next?, 3, "what was never polled was never begun"),
            (None, _, Err(Error::Connection(text))) => assert!(text.contains("was dropped"), "{text}"),
            (None, _, next) => panic!("after {polls} polls: {next:?}"),
        }
    }
    Err("the statement never comes to its end".into())
}

#[tokio::test]
async fn a_transaction_whose_statement_was_dropped_is_not_committed() -> Outcome {
    let scene = Scene::open().await?;
    for polls in 1..100 {
        let mut done = None;
        let committed = scene
            .pool
            .transaction(scene.ours(), async |tx| {
                tx.delete::<Vehicle>().filter(vehicles::model.eq("Civic")).execute(tx).await?;
                let second = tx.delete::<Vehicle>().filter(vehicles::model.eq("Jazz")).execute(tx);
                done = cancel::after_polls(polls, second).await;
                Ok::<_, Error>(())
            })
            .await;
        scene.assert_clean().await?;
        if done.is_some() {
            committed?;
            assert_eq!(scene.shops.models_of(scene.ours()).await?, ["Yaris"]);
            return Ok(());
        }
        assert!(
            matches!(&committed, Err(Error::Connection(text)) if text.contains("was dropped")),
            "{committed:?}"
        );
        assert_eq!(scene.shops.models_of(scene.ours()).await?, ["Civic", "Jazz", "Yaris"]);
    }
    Err("the statement never comes to its end".into())
}

#[tokio::test]
async fn a_scope_whose_transaction_was_dropped_goes_no_further() -> Outcome {
    let scene = Scene::open().await?;
    for polls in 1..100 {
        let (done, next) = scene
            .pool
            .scope(scene.ours(), async |db| {
                let work = db.transaction(async |tx| {
                    tx.delete::<Vehicle>().execute(tx).await?;
                    Err::<(), _>(Error::NotFound)
                });
                let done = cancel::after_polls(polls, work).await;
                Ok::<_, Error>((done, db.query::<Vehicle>().count(db).await))
            })
            .await?;
        scene.assert_clean().await?;
        assert_eq!(scene.shops.models_of(scene.ours()).await?, ["Civic", "Jazz", "Yaris"]);
        match (done, next) {
            (Some(result), next) => {
                assert!(matches!(result, Err(Error::NotFound)));
                assert_eq!(next?, 3);
                return Ok(());
            }
            (None, Err(Error::Connection(text))) => assert!(text.contains("was dropped"), "{text}"),
            (None, next) => panic!("after {polls} polls: {next:?}"),
        }
    }
    Err("the transaction never comes to its end".into())
}
