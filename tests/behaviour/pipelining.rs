//! Many statements of one scope at once.

use crow_core::{Error, TenantConn};
use crow_examples::models::Vehicle;
use diesel::sql_query;
use futures_util::future::try_join_all;

use crate::shop::{NumberRow, Outcome, Shops};

/// By SQL of its own, around which there are BEGIN, enter and COMMIT.
async fn number_of_vehicles(db: &TenantConn<'_>) -> Result<i64, Error> {
    let count = sql_query("SELECT count(*) AS number FROM vehicles");
    Ok(db.rls_only(count).get_result::<NumberRow>(db).await?.number)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chains_of_statements_side_by_side_never_end_each_others_transactions() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let counted = shops
        .pool
        .scope(shops.ours, async |db| {
            let db = &*db;
            try_join_all((0..300).map(async |_| {
                let mut all = db.query::<Vehicle>().count(db).await?;
                for _ in 0..2 {
                    all += number_of_vehicles(db).await?;
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
                let update = format!("UPDATE vehicles SET plate = '{plate}' WHERE model = 'Civic'");
                tokio::try_join!(
                    number_of_vehicles(db),
                    db.rls_only(sql_query(update)).execute(db),
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
