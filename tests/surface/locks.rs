//! Row locks.

use crow_core::Error;
use crow_examples::models::{ServiceRecord, Vehicle};
use crow_examples::schema::vehicles;
use diesel::prelude::*;

use crate::shop::{Outcome, Shops};

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn locked_rows_are_skipped_or_refused(shops: Shops) -> Outcome {
    let (pool, ours) = (&shops.pool, shops.ours);
    pool.transaction(ours, async |first| {
        let held =
            first.query::<Vehicle>().filter(vehicles::make.eq("Honda")).for_update().load(first).await?;
        assert_eq!(held.len(), 2);
        pool.transaction(ours, async |second| {
            let free = second.query::<Vehicle>().for_update().skip_locked().load(second).await?;
            assert_eq!(free.iter().map(|vehicle| &*vehicle.model).collect::<Vec<_>>(), ["V70"]);
            Ok::<_, Error>(())
        })
        .await?;
        let refused = pool
            .transaction(ours, async |third| third.query::<Vehicle>().for_share().no_wait().load(third).await)
            .await;
        assert!(refused.is_err());
        Ok::<_, Error>(())
    })
    .await?;
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn a_join_locks_the_tables_that_are_named(shops: Shops) -> Outcome {
    shops
        .pool
        .transaction(shops.ours, async |tx| {
            let query = tx.query::<ServiceRecord>().inner_join(vehicles::table).for_no_key_update();
            assert_eq!(query.of(vehicles::table).load(tx).await?.len(), 3);
            tx.query::<Vehicle>().for_key_share().first(tx).await
        })
        .await?;
    Ok(())
}
