//! Inserts from queries, with defaults, and of rows that exist already.

use crow_core::{Error, excluded};
use crow_examples::models::{NewVehicle, ServiceRecord, Vehicle, VehicleChanges};
use crow_examples::schema::{service_records, vehicles};
use diesel::prelude::*;

use crate::shop::{Outcome, Shops};

fn civic(year: i32) -> NewVehicle<'static> {
    NewVehicle { make: "Honda", model: "Civic again", year, plate: "Civic" }
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn a_row_that_exists_is_left_alone(shops: Shops) -> Outcome {
    shops
        .pool
        .scope(shops.ours, async |db| {
            let insert = db.insert_into::<Vehicle>().values(civic(2022)).on_conflict_do_nothing();
            assert_eq!(insert.execute(db).await?, 0);
            let insert =
                db.insert_into::<Vehicle>().values(civic(2022)).on_conflict(vehicles::plate).do_nothing();
            assert_eq!(insert.execute(db).await?, 0);
            Ok::<_, Error>(())
        })
        .await?;
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn a_row_that_exists_is_updated_and_the_neighbours_is_not(shops: Shops) -> Outcome {
    shops
        .pool
        .scope(shops.ours, async |db| {
            let updated: Vehicle = db
                .insert_into::<Vehicle>()
                .values(civic(2022))
                .on_conflict(vehicles::plate)
                .do_update()
                .set((vehicles::year.eq(excluded(vehicles::year)), vehicles::model.eq("Civic II")))
                .get_result(db)
                .await?;
            assert_eq!((updated.year, &*updated.model), (2022, "Civic II"));
            let unchanged = db
                .insert_into::<Vehicle>()
                .values(civic(2000))
                .on_constraint("vehicles_tenant_id_plate_key")
                .do_update()
                .set(VehicleChanges { year: Some(2000), ..Default::default() })
                .filter(vehicles::year.lt(1990))
                .execute(db)
                .await?;
            assert_eq!(unchanged, 0);
            Ok::<_, Error>(())
        })
        .await?;
    let theirs = shops
        .pool
        .scope(shops.theirs, async |db| {
            db.query::<Vehicle>().filter(vehicles::plate.eq("Civic")).first(db).await
        })
        .await?;
    assert_eq!((theirs.year, &*theirs.model), (2019, "Civic"));
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn what_a_query_gives_is_inserted_for_the_same_tenant(shops: Shops) -> Outcome {
    shops
        .pool
        .scope(shops.ours, async |db| {
            let copies = db.query::<ServiceRecord>().filter(service_records::cents.ge(300)).select((
                service_records::vehicle_id,
                service_records::work,
                service_records::cents + 1,
                service_records::done_on,
            ));
            let columns = (
                service_records::vehicle_id,
                service_records::work,
                service_records::cents,
                service_records::done_on,
            );
            let inserted = db.insert_into::<ServiceRecord>().from_query(columns, copies).execute(db).await?;
            assert_eq!(inserted, 2);
            assert_eq!(db.query::<ServiceRecord>().count(db).await?, 5);
            Ok::<_, Error>(())
        })
        .await?;
    let theirs =
        shops.pool.scope(shops.theirs, async |db| db.query::<ServiceRecord>().count(db).await).await?;
    assert_eq!(theirs, 3);
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn a_subquery_stands_on_the_right_of_an_update(shops: Shops) -> Outcome {
    let plate = shops
        .pool
        .scope(shops.ours, async |db| {
            let newest = db
                .query::<Vehicle>()
                .order(vehicles::year.desc())
                .limit(1)
                .select(vehicles::model)
                .single_value()
                .assume_not_null();
            let volvo =
                db.update::<Vehicle>().filter(vehicles::make.eq("Volvo")).set(vehicles::model.eq(newest));
            volvo.returning(vehicles::model).get_result::<String>(db).await
        })
        .await?;
    assert_eq!(plate, "Accord");
    Ok(())
}
