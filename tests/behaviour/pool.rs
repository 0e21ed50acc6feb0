//! The connections that a pool keeps.

use std::future::Future;
use std::time::Duration;

use crow_core::{Access, AdminPool, Error, PoolBuilder, TenantPool};
use crow_examples::MIGRATIONS;
use crow_examples::models::Vehicle;
use crow_testkit::{Server, ServerOptions, TestDb};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::{join_all, try_join_all};
use tokio::sync::{mpsc, oneshot};

use crate::shop::{Outcome, Shops, backend, database, number, prepare, superuser};

/// Lets a scope of the pool wait until it is told to go on.
struct Held {
    go_on: oneshot::Sender<()>,
    scope: tokio::task::JoinHandle<Result<i64, Error>>,
}

impl Held {
    /// The scope has its connection when this returns.
    async fn begin(shops: &Shops) -> Outcome<Self> {
        let (pool, ours) = (shops.pool.clone(), shops.ours);
        let (go_on, told) = oneshot::channel();
        let (begun, has_begun) = oneshot::channel();
        let scope = tokio::spawn(async move {
            pool.scope(ours, async |db| {
                let _ = begun.send(());
                let _ = told.await;
                db.query::<Vehicle>().count(db).await
            })
            .await
        });
        has_begun.await?;
        Ok(Self { go_on, scope })
    }

    async fn end(self) -> Outcome<i64> {
        let _ = self.go_on.send(());
        Ok(self.scope.await??)
    }
}

/// How many connections of the application the server has.
async fn connections(conn: &mut AsyncPgConnection) -> Outcome<i64> {
    let sql = "SELECT count(*) AS number FROM pg_stat_activity \
               WHERE datname = current_database() AND usename = 'crow_app'";
    number(conn, sql).await
}

/// Waits until it is so; it has to be within ten seconds.
async fn until<F: Future<Output = Outcome<bool>>>(what: &str, so: impl Fn() -> F) -> Outcome {
    let wait = async {
        while !so().await? {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap_or_else(|_| Err(what.into()))
}

async fn connections_become(db: &TestDb, expected: i64) -> Outcome {
    until(&format!("there are never {expected} connections"), async || {
        Ok(connections(&mut superuser(db).await?).await? == expected)
    })
    .await
}

#[tokio::test]
async fn connect_opens_as_many_connections_as_it_is_told() -> Outcome {
    let db = database().await?;
    let pool = TenantPool::builder(db.tenant_url()).max_size(5).min_size(3).connect().await?;
    assert_eq!(connections(&mut superuser(&db).await?).await?, 3);
    let status = pool.status();
    assert_eq!((status.max_size, status.open, status.in_use, status.idle, status.waiting), (5, 3, 0, 3, 0));
    Ok(())
}

/// What rarely happens takes no room in what always happens: scopes are held in tasks, and nest.
#[tokio::test]
async fn the_future_of_a_scope_has_no_room_for_a_login() -> Outcome {
    let shops = Shops::open().await?;
    let scope = shops.pool.scope(shops.ours, async |db| db.query::<Vehicle>().count(db).await);
    assert!(size_of_val(&scope) < 10_000, "{} bytes", size_of_val(&scope));
    Ok(())
}

#[tokio::test]
async fn connect_fails_if_it_cannot_open_all_of_them() -> Outcome {
    let db = database().await?;
    let limit = format!("ALTER DATABASE {} CONNECTION LIMIT 2", db.database().name());
    superuser(&db).await?.batch_execute(&limit).await?;
    let failed = TenantPool::builder(db.tenant_url()).min_size(3).connect().await;
    assert!(
        matches!(&failed, Err(Error::Connection(text)) if text.contains("max_connections")),
        "{failed:?}"
    );
    connections_become(&db, 0).await
}

#[tokio::test]
async fn what_a_pool_cannot_be_is_refused_before_it_connects() -> Outcome {
    type Change = fn(PoolBuilder<TenantPool>) -> PoolBuilder<TenantPool>;
    let cases: [(Change, &str); 7] = [
        (|pool| pool.max_size(0), "`max_size` to 1 or more"),
        (|pool| pool.max_size(usize::MAX), "at most 262143 connections"),
        (|pool| pool.max_size(2).min_size(3), "lower `min_size` or raise `max_size`"),
        (|pool| pool.create_timeout(Duration::ZERO), "`create_timeout` is zero"),
        (|pool| pool.deadline(Duration::ZERO), "`deadline` is zero"),
        (|pool| pool.max_lifetime(Duration::ZERO), "`max_lifetime` is zero"),
        (|pool| pool.idle_timeout(Duration::ZERO), "`idle_timeout` is zero"),
    ];
    for (change, text) in cases {
        let refused = change(TenantPool::builder("postgresql://nobody@127.0.0.1:1/none")).connect().await;
        assert!(matches!(&refused, Err(Error::Invalid(said)) if said.contains(text)), "{refused:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_takes_for_ever_is_no_reason_to_panic() -> Outcome {
    let shops = Shops::open_with(|pool| {
        let forever = Duration::MAX;
        pool.wait_timeout(forever)
            .create_timeout(forever)
            .deadline(forever)
            .max_lifetime(forever)
            .idle_timeout(forever)
    })
    .await?;
    assert_eq!(shops.models_of(shops.theirs).await?, ["Corolla"]);
    let shops = Shops::open_with(|pool| pool.max_lifetime(None).idle_timeout(None)).await?;
    assert_eq!(shops.models_of(shops.theirs).await?, ["Corolla"]);
    Ok(())
}

#[tokio::test]
async fn the_status_tells_what_the_connections_do() -> Outcome {
    let shops = Shops::open_with(|pool| pool.max_size(2).min_size(2)).await?;
    let first = Held::begin(&shops).await?;
    let status = shops.pool.status();
    assert_eq!((status.open, status.in_use, status.idle, status.waiting), (2, 1, 1, 0));
    let second = Held::begin(&shops).await?;
    let waits = shops.pool.scope(shops.ours, async |db| db.query::<Vehicle>().count(db).await);
    let mut waits = Box::pin(waits);
    assert!(futures_util::poll!(waits.as_mut()).is_pending());
    let status = shops.pool.status();
    assert_eq!((status.open, status.in_use, status.idle, status.waiting), (2, 2, 0, 1));
    first.end().await?;
    second.end().await?;
    assert_eq!(waits.await?, 3);
    let status = shops.pool.status();
    assert_eq!((status.open, status.in_use, status.idle, status.waiting), (2, 0, 2, 0));
    Ok(())
}

#[tokio::test]
async fn scopes_are_served_in_the_order_in_which_they_came() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let held = Held::begin(&shops).await?;
    let (served, mut order) = mpsc::unbounded_channel();
    let scopes = (0..8).map(|turn| {
        let served = served.clone();
        let shops = &shops;
        async move {
            let note = async |db: &mut crow_core::TenantConn<'_>| {
                let _ = served.send(turn);
                db.query::<Vehicle>().count(db).await
            };
            shops.pool.scope(shops.theirs, note).await
        }
    });
    let (all, held) = tokio::join!(join_all(scopes), async {
        tokio::task::yield_now().await;
        held.end().await
    });
    held?;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    drop(served);
    let mut turns = Vec::new();
    while let Some(turn) = order.recv().await {
        turns.push(turn);
    }
    assert_eq!(turns, [0, 1, 2, 3, 4, 5, 6, 7]);
    Ok(())
}

#[tokio::test]
async fn with_no_time_to_wait_a_scope_is_refused_at_once() -> Outcome {
    let shops = Shops::open_with(|pool| pool.max_size(1).wait_timeout(Duration::ZERO)).await?;
    let held = Held::begin(&shops).await?;
    let refused = shops.pool.scope(shops.ours, async |_| Ok::<_, Error>(())).await;
    assert!(matches!(refused, Err(Error::PoolTimeout)), "{refused:?}");
    assert_eq!(held.end().await?, 3);
    Ok(())
}

#[tokio::test]
async fn a_closed_pool_lets_scopes_end_and_begins_no_other() -> Outcome {
    let shops = Shops::open_with(|pool| pool.max_size(2).min_size(2)).await?;
    let (first, second) = (Held::begin(&shops).await?, Held::begin(&shops).await?);
    let waiting = shops.pool.scope(shops.ours, async |_| Ok::<_, Error>(()));
    let clone = shops.pool.clone();
    let closing = async {
        tokio::task::yield_now().await;
        clone.close(Duration::from_secs(60)).await
    };
    let ending = async {
        until("the pool is never closed", async || Ok(shops.pool.status().max_size == 0)).await?;
        let late = shops.pool.scope(shops.ours, async |_| Ok::<_, Error>(())).await;
        assert!(matches!(late, Err(Error::PoolClosed)), "{late:?}");
        assert_eq!((first.end().await?, second.end().await?), (3, 3));
        Outcome::Ok(())
    };
    let (waiting, left, ended) = tokio::join!(waiting, closing, ending);
    ended?;
    assert!(matches!(waiting, Err(Error::PoolClosed)), "{waiting:?}");
    assert_eq!((left.open, left.in_use, left.waiting), (0, 0, 0));
    connections_become(&shops.db, 0).await?;
    let again = shops.pool.close(Duration::ZERO).await;
    assert_eq!(again.open, 0);
    Ok(())
}

#[tokio::test]
async fn close_tells_which_scopes_it_did_not_wait_for_and_leaves_them_alone() -> Outcome {
    let shops = Shops::open_with(|pool| pool.max_size(2).min_size(2)).await?;
    let held = Held::begin(&shops).await?;
    let left = shops.pool.close(Duration::from_millis(1)).await;
    assert_eq!((left.open, left.in_use, left.idle), (1, 1, 0));
    assert_eq!(held.end().await?, 3);
    assert_eq!(shops.pool.close(Duration::from_secs(10)).await.open, 0);
    connections_become(&shops.db, 0).await
}

#[tokio::test]
async fn a_pool_that_is_dropped_closes_its_connections() -> Outcome {
    let Shops { db, pool, .. } = Shops::open_with(|pool| pool.min_size(3)).await?;
    drop(pool);
    connections_become(&db, 0).await
}

#[tokio::test]
async fn idle_connections_are_closed_although_nobody_asks_for_any() -> Outcome {
    let shops = Shops::open_with(|pool| {
        pool.max_size(4).min_size(1).idle_timeout(Duration::from_millis(200)).max_lifetime(None)
    })
    .await?;
    let scopes: Vec<_> = try_join_all((0..4).map(|_| Held::begin(&shops))).await?;
    assert_eq!(shops.pool.status().open, 4);
    for scope in scopes {
        scope.end().await?;
    }
    until("they stay open", async || Ok(shops.pool.status().open == 1)).await?;
    connections_become(&shops.db, 1).await
}

#[tokio::test]
async fn what_the_load_does_not_need_stays_idle() -> Outcome {
    let shops = Shops::open_with(|pool| pool.max_size(4).min_size(4)).await?;
    let mut backends = Vec::new();
    for _ in 0..8 {
        backends.push(shops.pool.scope(shops.ours, async |db| backend(db).await).await?);
    }
    backends.dedup();
    assert_eq!(backends.len(), 1, "one scope at a time needs one connection");
    Ok(())
}

#[tokio::test]
async fn past_its_lifetime_a_connection_is_replaced_and_work_is_not_interrupted() -> Outcome {
    let shops = Shops::open_with(|pool| pool.max_size(1).max_lifetime(Duration::from_millis(20))).await?;
    let (before, after) = shops
        .pool
        .scope(shops.ours, async |db| {
            let before = backend(db).await?;
            tokio::time::sleep(Duration::from_millis(60)).await;
            Ok::<_, Error>((before, backend(db).await?))
        })
        .await?;
    assert_eq!(before, after);
    let next = shops.pool.scope(shops.ours, async |db| backend(db).await).await?;
    assert_ne!(before, next);
    until("an idle one is never closed", async || Ok(shops.pool.status().open == 0)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pools_can_be_opened_and_closed_by_tasks() -> Outcome {
    let db = database().await?;
    let (tenant, admin) = (db.tenant_url(), db.admin_url());
    let task = tokio::spawn(async move {
        let (tenant, admin) =
            (TenantPool::builder(tenant).connect().await?, AdminPool::builder(admin).connect().await?);
        let conn = admin.get(Access::new("test", "a task")).await?;
        assert_eq!(admin.status().in_use, 1);
        drop(conn);
        let left = admin.close(Duration::from_secs(10)).await.open;
        let refused = admin.get(Access::new("test", "a closed pool")).await;
        assert!(matches!(refused, Err(Error::PoolClosed)), "{refused:?}");
        Ok::<_, Error>(left + tenant.close(Duration::from_secs(10)).await.open)
    });
    assert_eq!(task.await??, 0);
    Ok(())
}

#[tokio::test]
async fn a_pool_recovers_by_itself_when_the_server_was_away() -> Outcome {
    let server = Server::private(ServerOptions::default())?;
    let db = TestDb::on(&server, MIGRATIONS).await?;
    prepare(&db).await?;
    let pool = TenantPool::builder(db.tenant_url()).max_size(3).min_size(3).connect().await?;
    let tenant = crow_core::TenantId::random();
    let count = async || pool.scope(tenant, async |db| db.query::<Vehicle>().count(db).await).await;
    assert_eq!(count().await?, 0);
    server.stop()?;
    for _ in 0..5 {
        let away = count().await;
        assert!(matches!(away, Err(Error::Connection(_))), "{away:?}");
    }
    let waits = pool.status();
    assert_eq!((waits.open, waits.waiting), (0, 0), "every connection is given up");
    server.start()?;
    assert_eq!(join_all((0..6).map(|_| count())).await.into_iter().collect::<Result<Vec<_>, _>>()?, [0; 6]);
    server.restart()?;
    // One scope at most for each connection that has yet to notice.
    let failed = join_all((0..3).map(|_| count())).await.iter().filter(|count| count.is_err()).count();
    assert!(failed <= 3);
    assert_eq!(count().await?, 0);
    Ok(())
}
