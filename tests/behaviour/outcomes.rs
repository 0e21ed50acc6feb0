//! What is said of a statement whose answer never came.

use std::time::Duration;

use crow_core::{Error, TenantConn, TenantPool};
use crow_examples::models::Vehicle;
use crow_testkit::{Direction, Proxy};
use diesel::sql_query;

use crate::shop::{Outcome, Shops, vehicle};

async fn read(db: &mut TenantConn<'_>) -> Result<(), Error> {
    db.query::<Vehicle>().count(db).await.map(drop)
}

async fn write(db: &mut TenantConn<'_>) -> Result<(), Error> {
    db.insert_into::<Vehicle>().values(vehicle("Honda", "new")).execute(db).await.map(drop)
}

async fn write_in_parts(db: &mut TenantConn<'_>) -> Result<(), Error> {
    let models: Vec<_> = (0..20_000).map(|n| format!("new {n}")).collect();
    let new: Vec<_> = models.iter().map(|model| vehicle("Honda", model)).collect();
    db.insert_into::<Vehicle>().values(new).execute(db).await.map(drop)
}

async fn raw(db: &mut TenantConn<'_>) -> Result<(), Error> {
    db.rls_only(sql_query("DELETE FROM vehicles WHERE model = 'none'")).execute(db).await.map(drop)
}

/// A pool through a network that loses the answer to what commits next, in a way that lets the server see it.
async fn losing_answers(shops: &Shops, deadline: Duration) -> Outcome<(TenantPool, Proxy)> {
    let proxy = Proxy::start(&shops.db.tenant_url())?;
    let pool = TenantPool::builder(proxy.url()).max_size(1).deadline(deadline).connect().await?;
    Ok((pool, proxy))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_commit_was_sent_may_have_been_committed_and_a_read_leaves_nothing() -> Outcome {
    let shops = Shops::open().await?;
    let (pool, proxy) = losing_answers(&shops, Duration::from_secs(30)).await?;
    for (turn, done) in ["SELECT 1", "INSERT 0 1", "COMMIT", "COMMIT"].into_iter().enumerate() {
        let mut answer =
            proxy.hold(move |message| message.direction() == Direction::ToClient && message.contains(done));
        let cut = async {
            answer.reached().await;
            answer.cut(0);
        };
        let work = async {
            match turn {
                0 => pool.scope(shops.ours, read).await,
                1 => pool.scope(shops.ours, write).await,
                2 => pool.scope(shops.ours, write_in_parts).await,
                _ => pool.scope(shops.ours, raw).await,
            }
        };
        let (lost, ()) = tokio::join!(work, cut);
        match turn {
            0 => assert!(matches!(lost, Err(Error::Connection(_))), "{lost:?}"),
            _ => assert!(matches!(lost, Err(Error::CommitUnknown(_))), "{turn}: {lost:?}"),
        }
    }
    shops.settled().await?;
    assert_eq!(shops.models_of(shops.ours).await?.len(), 20_004);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_is_past_the_deadline() -> Outcome {
    let shops = Shops::open().await?;
    let (pool, proxy) = losing_answers(&shops, Duration::from_millis(300)).await?;
    for (writes, done) in [(false, "SELECT 1"), (true, "INSERT 0 1")] {
        let answer =
            proxy.hold(move |message| message.direction() == Direction::ToClient && message.contains(done));
        let late =
            if writes { pool.scope(shops.ours, write).await } else { pool.scope(shops.ours, read).await };
        match writes {
            false => assert!(matches!(late, Err(Error::Deadline(_))), "{late:?}"),
            true => assert!(matches!(late, Err(Error::CommitUnknown(_))), "{late:?}"),
        }
        answer.release();
    }
    Ok(())
}

/// The connection breaks while the parts of an insert are under way, and COMMIT comes after them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_commit_was_not_sent_yet_was_not_committed() -> Outcome {
    let shops = Shops::open().await?;
    let (pool, proxy) = losing_answers(&shops, Duration::from_secs(30)).await?;
    let mut answer =
        proxy.hold(|message| message.direction() == Direction::ToClient && message.contains("INSERT 0"));
    let cut = async {
        answer.reached().await;
        answer.cut(0);
    };
    let (lost, ()) = tokio::join!(pool.scope(shops.ours, write_in_parts), cut);
    assert!(matches!(lost, Err(Error::Connection(_))), "{lost:?}");
    shops.settled().await?;
    assert_eq!(shops.models_of(shops.ours).await?.len(), 3);
    Ok(())
}
