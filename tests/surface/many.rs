//! Many rows: streams, and inserts of more values than one message takes.

use crow_core::{Error, TenantConn};
use crow_examples::models::{NewVehicle, Vehicle};
use crow_examples::schema::vehicles;
use futures_util::TryStreamExt;

use crate::shop::{Outcome, Shops};

/// 20,000 vehicles are 100,000 values, so two statements.
async fn twenty_thousand(db: &TenantConn<'_>) -> Result<usize, Error> {
    let plates: Vec<String> = (0..20_000).map(|n| format!("plate {n}")).collect();
    let new: Vec<_> =
        plates.iter().map(|plate| NewVehicle { make: "Honda", model: "Jazz", year: 2020, plate }).collect();
    db.insert_into::<Vehicle>().values(new).execute(db).await
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn a_list_is_inserted_whole_or_not_at_all(shops: Shops) -> Outcome {
    shops
        .pool
        .scope(shops.ours, async |db| {
            assert_eq!(twenty_thousand(db).await?, 20_000);
            assert_eq!(db.query::<Vehicle>().count(db).await?, 20_003);
            let again = twenty_thousand(db).await;
            assert!(matches!(again, Err(Error::Unique(_))), "{again:?}");

            // The last row of the last part breaks the key: nothing of the first part stays.
            let plates: Vec<String> = (20_000..39_999).map(|n| format!("plate {n}")).collect();
            let new = plates.iter().map(String::as_str).chain(["plate 0"]);
            let new: Vec<_> =
                new.map(|plate| NewVehicle { make: "Honda", model: "Jazz", year: 2020, plate }).collect();
            assert!(db.insert_into::<Vehicle>().values(&new).execute(db).await.is_err());
            assert_eq!(db.query::<Vehicle>().count(db).await?, 20_003);
            let ids = db.insert_into::<Vehicle>().values(&new[..19_999]).returning(vehicles::id);
            assert_eq!(ids.get_results::<uuid::Uuid>(db).await?.len(), 19_999);
            Ok::<_, Error>(())
        })
        .await?;
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn a_stream_gives_all_rows_and_then_the_connection_back(shops: Shops) -> Outcome {
    shops
        .pool
        .scope(shops.ours, async |db| {
            twenty_thousand(db).await?;
            let query = db.query::<Vehicle>().order(vehicles::plate).select(vehicles::plate);
            let seen = query.stream::<String>(db).try_fold(0, async |n, _| Ok(n + 1)).await?;
            assert_eq!(seen, 20_003);
            assert_eq!(db.query::<Vehicle>().count(db).await?, 20_003);
            db.transaction(async |tx| {
                let query = tx.query::<Vehicle>().order(vehicles::plate);
                let first: Option<Vehicle> = query.stream(tx).try_next().await?;
                assert_eq!(first.map(|vehicle| vehicle.plate).as_deref(), Some("Accord"));
                assert!(tx.query::<Vehicle>().count(tx).await.is_err(), "the stream was left half-way");
                Ok::<_, Error>(())
            })
            .await
        })
        .await
        .expect_err("a transaction with a stream that was left half-way does not commit");
    let left = shops.pool.scope(shops.ours, async |db| db.query::<Vehicle>().count(db).await).await?;
    assert_eq!(left, 20_003);
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn an_error_ends_a_stream(shops: Shops) -> Outcome {
    shops
        .pool
        .scope(shops.ours, async |db| {
            let query = db.query::<Vehicle>().select(vehicles::year / (vehicles::year - 2021));
            let rows: Result<Vec<i32>, Error> = query.stream::<i32>(db).try_collect().await;
            assert!(matches!(rows, Err(Error::Other(_))), "{rows:?}");
            assert_eq!(db.query::<Vehicle>().count(db).await?, 3);
            Ok::<_, Error>(())
        })
        .await?;
    Ok(())
}
