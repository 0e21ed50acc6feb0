//! Many statements of one scope at once.

use crow_core::Error;
use crow_examples::models::Vehicle;
use futures_util::future::try_join_all;

use crate::shop::{Outcome, Shops, vehicle};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chains_of_statements_side_by_side_never_end_each_others_transactions() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let counted = shops
        .pool
        .scope(shops.ours, async |db| {
            let db = &*db;
            try_join_all((0..300).map(async |_| {
                let mut all = 0;
                for _ in 0..3 {
                    all += db.query::<Vehicle>().count(db).await?;
                }
                Ok::<_, Error>(all)
            }))
            .await
        })
        .await?;
    assert_eq!(counted, vec![9; 300]);
    Ok(())
}

/// tokio lets a task do so many things in a row, then makes it wait, and its `join!` begins with
/// another branch after each wait.
#[tokio::test]
async fn a_statement_is_sent_in_one_piece_however_little_tokio_lets_the_task_do() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    for used in 100..=128 {
        let (_, written, _) = shops
            .pool
            .scope(shops.ours, async |db| {
                let db = &*db;
                for _ in 0..used {
                    tokio::task::consume_budget().await;
                }
                let plate = used.to_string();
                tokio::try_join!(
                    db.query::<Vehicle>().count(db),
                    db.insert_into::<Vehicle>().values(vehicle("Honda", &plate)).execute(db),
                    db.query::<Vehicle>().count(db),
                )
            })
            .await?;
        assert_eq!(written, 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_transaction_begins_before_all_its_statements() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    for used in 100..=128 {
        shops
            .pool
            .transaction(shops.ours, async |tx| {
                let tx = &*tx;
                for _ in 0..used {
                    tokio::task::consume_budget().await;
                }
                tokio::try_join!(
                    tx.query::<Vehicle>().count(tx),
                    tx.query::<Vehicle>().exists(tx),
                    tx.query::<Vehicle>().load::<Vehicle>(tx),
                )
            })
            .await?;
    }
    Ok(())
}
