//! Keys that are known to exist in their scope.

use chrono::NaiveDate;
use crow_core::{Error, Key, Optional, TenantConn};
use crow_examples::models::{NewVehicle, ServiceRecord, Vehicle};
use crow_examples::schema::{service_records, vehicles};
use diesel::prelude::*;
use uuid::Uuid;

use crate::shop::{Outcome, Shops};

#[derive(Insertable)]
#[diesel(table_name = service_records)]
struct NewRecord<'t> {
    vehicle_id: Key<'t, Vehicle>,
    work: &'t str,
    cents: i64,
    done_on: NaiveDate,
}

async fn service<'t>(
    db: &TenantConn<'t>,
    vehicle: Key<'t, Vehicle>,
) -> Result<Key<'t, ServiceRecord>, Error> {
    let done_on = NaiveDate::from_ymd_opt(2026, 1, 12).unwrap_or_default();
    let record = NewRecord { vehicle_id: vehicle, work: "tyres", cents: 1, done_on };
    db.insert_into::<ServiceRecord>().values(record).key(db).await
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn keys_come_from_queries_and_inserts_and_go_into_filters_and_foreign_keys(shops: Shops) -> Outcome {
    let id = shops
        .pool
        .scope(shops.ours, async |db| {
            let new = NewVehicle { make: "Honda", model: "Jazz", year: 2020, plate: "Jazz" };
            let jazz = db.insert_into::<Vehicle>().values(new).key(db).await?;
            let record = service(db, jazz).await?;
            let found = db.query::<ServiceRecord>().find(record).first(db).await?;
            assert_eq!(found.vehicle_id, *jazz.id());
            let of_jazz = db.query::<ServiceRecord>().filter(service_records::vehicle_id.eq(jazz));
            assert_eq!(of_jazz.keys(db).await?, [record]);
            let renamed =
                db.update::<Vehicle>().find(jazz).set(vehicles::model.eq("Fit")).execute(db).await?;
            assert_eq!(renamed, 1);
            let all = db.query::<Vehicle>().load_keyed(db).await?;
            assert!(all.iter().all(|(key, vehicle)| *key.id() == vehicle.id));
            assert_eq!(db.query::<Vehicle>().find(Uuid::new_v4()).key(db).await.optional()?, None);
            Ok::<_, Error>(jazz.into_id())
        })
        .await?;
    let theirs = shops
        .pool
        .scope(shops.theirs, async |db| db.query::<Vehicle>().find(id).key(db).await.map(Key::into_id))
        .await;
    assert!(matches!(theirs, Err(Error::NotFound)));
    Ok(())
}
