//! Processes panic, forget, and end.

use std::mem::forget;
use std::sync::Arc;

use crow_core::{Error, TenantConn};
use crow_examples::models::Vehicle;
use futures_util::future::FutureExt;

use crate::scene::Scene;
use crate::shop::{Outcome, vehicle};
use crate::works::Work;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_a_closure_leaves_nothing() -> Outcome {
    let scene = Scene::open().await?;
    let ours = scene.ours();
    for in_transaction in [false, true] {
        let pool = scene.pool.clone();
        let task = tokio::spawn(async move {
            let work = async |db: &mut TenantConn<'_>| {
                let new = vehicle("Honda", "new");
                let insert = db.insert_into::<Vehicle>().values(new).execute(db);
                if in_transaction {
                    insert.await?;
                } else {
                    // Sent, and not answered.
                    let mut insert = insert;
                    assert!((&mut insert).now_or_never().is_none());
                }
                panic!("a bug in the application");
                #[expect(unreachable_code, reason = "gives the closure its type")]
                Ok::<(), Error>(())
            };
            if in_transaction { pool.transaction(ours, work).await } else { pool.scope(ours, work).await }
        });
        assert!(task.await.is_err_and(|error| error.is_panic()));
        scene.assert_whole(Work::SideBySide, None).await?;
    }
    Ok(())
}

/// Its destructors never run. What it had is lost to the pool, as with any pool, and nobody else's.
#[tokio::test]
async fn a_scope_that_is_forgotten_gives_its_connection_to_nobody() -> Outcome {
    for polls in 0..12 {
        let scene = Scene::open_with(|pool| pool.max_size(3)).await?;
        let mut run = Work::Transaction.run(&scene.pool, scene.ours());
        for _ in 0..polls {
            let poll = std::future::poll_fn(|cx| std::task::Poll::Ready(run.poll_unpin(cx)));
            if poll.await.is_ready() {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
        let stays_open = polls > 0;
        forget(run);
        if stays_open {
            // Its transaction stays open with its connection: end it, or the row is locked for good.
            scene.kill_backends().await?;
        }
        scene.assert_whole(Work::Transaction, None).await?;
    }
    Ok(())
}

/// What is forgotten within a scope marks the scope's connection, which is closed.
#[tokio::test]
async fn a_statement_that_is_forgotten_leaves_nothing() -> Outcome {
    let scene = Scene::open().await?;
    for polls in 0..8 {
        scene
            .pool
            .scope(scene.ours(), async |db| {
                let mut forgotten = db.insert_into::<Vehicle>().values(vehicle("Honda", "new")).execute(db);
                for _ in 0..polls {
                    let once = std::future::poll_fn(|cx| std::task::Poll::Ready(forgotten.poll_unpin(cx)));
                    if once.await.is_ready() {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
                forget(forgotten);
                Ok::<_, Error>(())
            })
            .await?;
        scene.assert_whole(Work::SideBySide, None).await?;
    }
    Ok(())
}

/// The pool's connections live on the runtime that opened them; a new one opens new connections.
#[test]
fn a_runtime_that_ends_in_the_middle_leaves_nothing() -> Outcome {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let first = runtime()?;
    let scene = Arc::new(first.block_on(Scene::open())?);
    for work in Work::ALL {
        let runtime = runtime()?;
        let mut hold = scene.proxy.hold({
            let mut left = 3;
            move |_| {
                left -= 1;
                left < 0
            }
        });
        let busy = Arc::clone(&scene);
        let task = runtime.spawn(async move { busy.run(work).await });
        let reached = first.block_on(async {
            tokio::time::timeout(std::time::Duration::from_secs(5), hold.reached()).await.is_ok()
        });
        drop(runtime);
        drop(hold);
        assert!(reached || task.is_finished(), "{work:?} does nothing");
        first.block_on(scene.assert_whole(work, None)).map_err(|error| format!("{work:?}: {error}"))?;
    }
    Ok(())
}
