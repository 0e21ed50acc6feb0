//! Servers die, restart, hang, and have no room.

use std::time::Duration;

use crow_core::{Error, TenantPool};
use crow_examples::MIGRATIONS;
use crow_examples::models::Vehicle;
use crow_testkit::{Server, ServerOptions, TestDb};
use diesel::sql_query;
use futures_util::join;
use tokio::sync::Barrier;

use crate::scene::Scene;
use crate::shop::{Outcome, Shops, prepare};
use crate::works::Work;

/// A scene on a server of its own.
async fn private() -> Outcome<(Server, Scene)> {
    let server = Server::private(ServerOptions::default())?;
    let db = TestDb::on(&server, MIGRATIONS).await?;
    prepare(&db).await?;
    Ok((server, Scene::of(Shops::on(db, |pool| pool).await?, |pool| pool).await?))
}

fn connection_error(result: Result<(), Error>) -> Outcome<String> {
    match result {
        Err(Error::Connection(text) | Error::CommitUnknown(text)) => Ok(text),
        other => Err(format!("{other:?}").into()),
    }
}

#[tokio::test]
async fn a_scope_whose_server_process_was_killed_says_so_and_the_next_one_works() -> Outcome {
    let scene = Scene::open().await?;
    let work = async {
        let sleep = sql_query("SELECT pg_sleep(30)");
        scene.pool.scope(scene.ours(), async |db| db.rls_only(sleep).execute(db).await.map(drop)).await
    };
    let kill = async {
        let asleep = "SELECT query AS text FROM pg_stat_activity WHERE usename = 'crow_app' \
                      AND datname = current_database() AND wait_event = 'PgSleep'";
        while scene.superuser(asleep).await?.is_empty() {}
        scene.kill_backends().await
    };
    let (killed, told) = join!(work, kill);
    told?;
    let text = connection_error(killed)?;
    assert!(text.starts_with("the connection to the database broke ("), "{text}");
    assert!(text.contains("terminating connection") && text.ends_with("open a new scope"), "{text}");
    for work in Work::ALL {
        let result = scene.run(work).await;
        assert!(work.ends_as_meant(&result), "{work:?}: {result:?}");
        scene.assert_whole(work, Some(&result)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn connections_that_died_in_the_pool_are_not_handed_out() -> Outcome {
    let scene = Scene::open().await?;
    for work in Work::ALL {
        scene.lose_connections().await?;
        let result = scene.run(work).await;
        assert!(work.ends_as_meant(&result), "{work:?}: {result:?}");
        scene.assert_whole(work, Some(&result)).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_takes_what_was_open_with_it_and_nothing_else() -> Outcome {
    let (server, scene) = private().await?;
    let stopped = scene
        .pool
        .transaction(scene.ours(), async |tx| {
            tx.delete::<Vehicle>().execute(tx).await?;
            let server = server.clone();
            let stop = tokio::task::spawn_blocking(move || server.stop());
            stop.await.expect("no panic").expect("a server that stops");
            tx.query::<Vehicle>().count(tx).await.map(drop)
        })
        .await;
    let text = connection_error(stopped)?;
    assert!(text.ends_with("open a new scope"), "{text}");

    let away = connection_error(scene.run(Work::Statement).await)?;
    assert!(
        away.starts_with("cannot connect to database") && away.contains("check that the server runs"),
        "{away}"
    );

    server.start()?;
    let result = scene.run(Work::Statement).await;
    assert!(result.is_ok(), "{result:?}");
    // The superuser's connection went with the server.
    scene.look_anew().await?;
    scene.assert_whole(Work::Statement, Some(&result)).await?;
    assert_eq!(scene.shops.models_of(scene.ours()).await?, ["Civic", "Jazz", "Yaris"]);
    Ok(())
}

/// A server that hangs keeps no time: only the deadline on this side ends the wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_is_left_at_the_deadline() -> Outcome {
    let (server, scene) = private().await?;
    let brief = Duration::from_millis(300);
    let hasty =
        TenantPool::builder(scene.proxy.url()).deadline(brief).create_timeout(brief).connect().await?;
    server.freeze().await?;
    let late = Work::Transaction.run(&hasty, scene.ours()).await;
    assert!(matches!(late, Err(Error::Deadline(_))), "{late:?}");
    let text = late.unwrap_err().to_string();
    assert_eq!(
        text,
        "the unit of work took longer than its deadline of 300ms, and its connection was closed"
    );
    let text = connection_error(Work::Statement.run(&hasty, scene.ours()).await)?;
    assert!(text.contains("did not answer in time"), "{text}");
    server.thaw()?;
    let result = Work::Statement.run(&hasty, scene.ours()).await;
    assert!(result.is_ok(), "{result:?}");
    hasty.close(Duration::from_secs(10)).await;
    scene.assert_whole(Work::Statement, Some(&result)).await
}

#[tokio::test]
async fn a_server_that_refuses_connections_is_told_of_and_found_again() -> Outcome {
    let scene = Scene::open().await?;
    scene.proxy.refuse()?;
    let result = scene.run(Work::Statement).await;
    assert!(result.is_ok(), "what is open goes on: {result:?}");
    scene.proxy.cut();
    let mut refused = scene.run(Work::Statement).await;
    // The pool may not have heard of the end of its connections yet.
    while matches!(&refused, Err(Error::CommitUnknown(text)) if text.ends_with("open a new scope")) {
        refused = scene.run(Work::Statement).await;
    }
    let text = connection_error(refused)?;
    assert!(text.contains("refused") && text.contains("check that the server runs"), "{text}");
    scene.proxy.accept()?;
    scene.assert_whole(Work::Statement, Some(&Ok(()))).await
}

#[tokio::test]
async fn a_pool_without_a_free_connection_says_so_and_works_again() -> Outcome {
    let scene = Scene::open_with(|pool| pool.wait_timeout(Duration::from_millis(20))).await?;
    let (begun, ended) = (Barrier::new(3), Barrier::new(3));
    let hold = || {
        scene.pool.scope(scene.ours(), async |_| {
            begun.wait().await;
            ended.wait().await;
            Ok::<_, Error>(())
        })
    };
    let third = async {
        begun.wait().await;
        let third = scene.run(Work::Statement).await;
        ended.wait().await;
        third
    };
    let (first, second, third) = join!(hold(), hold(), third);
    first.and(second)?;
    assert!(matches!(third, Err(Error::PoolTimeout)), "{third:?}");
    let text = third.unwrap_err().to_string();
    assert!(text.contains("max_size") && text.contains("wait_timeout"), "{text}");
    scene.assert_clean().await
}
