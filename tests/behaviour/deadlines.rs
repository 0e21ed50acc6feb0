//! A unit of work has a time to end by.

use std::future::pending;
use std::time::Duration;

use crow_core::{Error, TenantConn, TenantPool};
use crow_examples::models::Vehicle;
use crow_testkit::{Direction, Proxy};
use diesel::sql_query;

use crate::shop::{Outcome, Shops, backend, number, vehicle};

const SOON: Duration = Duration::from_millis(100);

async fn add(tx: &TenantConn<'_>, model: &str) -> Result<(), Error> {
    tx.insert_into::<Vehicle>().values(vehicle("Honda", model)).execute(tx).await.map(drop)
}

async fn never(_: &mut TenantConn<'_>) -> Result<(), Error> {
    pending().await
}

#[tokio::test]
async fn a_call_can_have_a_deadline_of_its_own() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let hurried = shops.pool.with_deadline(SOON);
    let late = [
        hurried.scope(shops.ours, never).await,
        hurried.transaction(shops.ours, never).await,
        hurried.build_transaction(shops.ours).read_only().run(never).await,
        hurried.build_transaction(shops.ours).retrying(2).run(never).await,
    ];
    for late in late {
        assert!(matches!(&late, Err(Error::Deadline(SOON))), "{late:?}");
        assert!(late.is_err_and(|error| error.to_string().contains("100ms")));
    }
    // It is the same pool: the first deadline closed the only connection, and this one is shared.
    let ours = shops.pool.scope(shops.ours, async |db| backend(db).await).await?;
    let same = shops.pool.with_deadline(Duration::from_secs(60));
    assert_eq!(same.scope(shops.ours, async |db| backend(db).await).await?, ours);
    shops.assert_clean("deadlines").await
}

#[tokio::test]
async fn the_wait_for_a_connection_is_part_of_it() -> Outcome {
    let shops = Shops::open_with(|pool| pool.max_size(1).wait_timeout(Duration::from_secs(3600))).await?;
    let late = shops
        .pool
        .scope(shops.ours, async |_| {
            let hurried = shops.pool.with_deadline(SOON);
            Ok::<_, Error>(hurried.scope(shops.ours, async |_| Ok::<_, Error>(())).await)
        })
        .await?;
    // On a machine that stood still for so long both have passed.
    assert!(matches!(late, Err(Error::PoolTimeout | Error::Deadline(SOON))), "{late:?}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_does_not_let_in_is_no_reason_to_be_late() -> Outcome {
    let shops = Shops::open().await?;
    let proxy = Proxy::start(&shops.db.tenant_url())?;
    let pool = TenantPool::builder(proxy.url()).max_size(2).connect().await?;
    proxy.freeze();
    let hurried = pool.with_deadline(SOON);
    let (busy, opening) = tokio::join!(
        hurried.scope(shops.ours, async |db| db.query::<Vehicle>().count(db).await),
        hurried.scope(shops.ours, async |db| db.query::<Vehicle>().count(db).await),
    );
    assert!(matches!(busy, Err(Error::Deadline(_))), "{busy:?}");
    assert!(matches!(opening, Err(Error::Deadline(_))), "{opening:?}");
    proxy.thaw();
    assert_eq!(pool.scope(shops.ours, async |db| db.query::<Vehicle>().count(db).await).await?, 3);
    Ok(())
}

/// PostgreSQL itself goes on with a statement whose client has gone.
#[tokio::test]
async fn the_server_stops_what_nobody_waits_for() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let hurried = shops.pool.with_deadline(SOON);
    let sleep = "SELECT pg_sleep(3600)";
    let late = hurried
        .transaction(shops.ours, async |tx| {
            add(tx, "Accord").await?;
            tx.rls_only(sql_query(sleep)).execute(tx).await
        })
        .await;
    assert!(matches!(late, Err(Error::Deadline(_))), "{late:?}");
    shops.settled().await?;
    // Also after a scope that has undone what SQL of its own set.
    shops
        .pool
        .scope(shops.ours, async |db| db.rls_only(sql_query("SET work_mem = '1MB'")).execute(db).await)
        .await?;
    let dropped = async {
        let work = shops.pool.scope(shops.ours, async |db| db.rls_only(sql_query(sleep)).execute(db).await);
        tokio::time::timeout(SOON, work).await
    };
    assert!(dropped.await.is_err());
    shops.settled().await?;
    let asleep = "SELECT count(*) AS number FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)%' \
                  AND datname = current_database() AND pid <> pg_backend_pid()";
    assert_eq!(number(&mut shops.superuser().await?, asleep).await?, 0);
    shops.assert_clean("statements that nobody waits for").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn past_it_while_committing_the_outcome_is_not_known() -> Outcome {
    let shops = Shops::open().await?;
    let proxy = Proxy::start(&shops.db.tenant_url())?;
    let pool =
        TenantPool::builder(proxy.url()).max_size(1).deadline(Duration::from_millis(300)).connect().await?;
    let mut answer =
        proxy.hold(|message| message.direction() == Direction::ToClient && message.contains("COMMIT"));
    let unknown = pool.transaction(shops.ours, async |tx| add(tx, "Accord").await).await;
    assert!(
        matches!(&unknown, Err(Error::CommitUnknown(text)) if text.contains("deadline of 300ms")),
        "{unknown:?}"
    );
    assert!(answer.is_reached());
    answer.release();
    shops.settled().await?;
    assert!(shops.models_of(shops.ours).await?.contains(&"Accord".to_owned()));
    Ok(())
}
