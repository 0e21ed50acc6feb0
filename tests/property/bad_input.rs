//! Values that nobody expects: the right result or a clear error, and never another tenant's row.

use chrono::NaiveDate;
use crow_core::{Error, TenantConn, any_of, excluded};
use crow_examples::models::{NewVehicle, ServiceRecord, Vehicle, VehicleChanges};
use crow_examples::schema::{service_records, vehicles};
use diesel::dsl::not;
use diesel::prelude::*;
use uuid::Uuid;

use crate::arena::Place;
use crate::world::{TENANTS, View};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const HOSTILE: [&str; 12] = [
    "",
    "'",
    "''); DROP TABLE vehicles; --",
    "\" OR \"1\" = \"1",
    "$1",
    "$$; SELECT 1; $$",
    "\\",
    "\\'; --",
    "/* */ -- \n\r\t",
    "NULL",
    "\u{202e}\u{feff}\u{10ffff}日本",
    "%_",
];

/// Runs for the first tenant, and then sees that the others have what they had.
async fn among_others(
    work: impl AsyncFnOnce(&View, &Place) -> Result<(), Box<dyn std::error::Error>>,
) -> Outcome {
    let views: Vec<View> = (0..TENANTS).map(View::of).collect();
    let place = Place::open(&views).await?;
    work(&views[0], &place).await?;
    for view in &views[1..] {
        let (vehicles, records) = place
            .scope(view, async |db| {
                Ok((db.query::<Vehicle>().load(db).await?, db.query::<ServiceRecord>().count(db).await?))
            })
            .await?;
        assert_eq!(records, i64::try_from(view.records.len())?);
        assert_eq!(vehicles.len(), view.vehicles.len());
        for row in &view.vehicles {
            let found = vehicles.iter().find(|vehicle| Some(vehicle.id) == row[1].uuid());
            assert_eq!(found.map(|vehicle| &*vehicle.model), row[3].text());
        }
    }
    Ok(())
}

fn vehicle<'a>(model: &'a str, plate: &'a str) -> NewVehicle<'a> {
    NewVehicle { make: "Volvo", model, year: 2004, plate }
}

async fn count(db: &TenantConn<'_>) -> Result<i64, Error> {
    db.query::<Vehicle>().count(db).await
}

#[tokio::test]
async fn hostile_texts_are_mere_values() -> Outcome {
    among_others(async |view, place| {
        place
            .scope(view, async |db| {
                for text in HOSTILE {
                    let plate = format!("{text}!");
                    let inserted: Vehicle =
                        db.insert_into::<Vehicle>().values(vehicle(text, &plate)).get_result(db).await?;
                    assert_eq!(inserted.model, text);
                    let same = db
                        .query::<Vehicle>()
                        .filter(vehicles::model.eq(text).and(vehicles::plate.eq(&plate)));
                    assert_eq!(same.load(db).await?, std::slice::from_ref(&inserted));
                    let listed = db.query::<Vehicle>().filter(vehicles::plate.eq_any(any_of([&plate])));
                    assert_eq!(listed.load(db).await?, std::slice::from_ref(&inserted));
                    let upserted: Vehicle = db
                        .insert_into::<Vehicle>()
                        .values(vehicle("other", &plate))
                        .on_conflict(vehicles::plate)
                        .do_update()
                        .set(vehicles::model.eq(excluded(vehicles::plate)))
                        .filter(vehicles::model.eq(text))
                        .get_result(db)
                        .await?;
                    assert_eq!((upserted.id, &upserted.model), (inserted.id, &plate));
                    let change = VehicleChanges { model: Some(text.to_owned()), ..Default::default() };
                    let changed = db.update::<Vehicle>().filter(vehicles::plate.eq(&plate)).set(change);
                    assert_eq!(changed.execute(db).await?, 1);
                    let deleted =
                        db.delete::<Vehicle>().filter(vehicles::plate.eq(&plate)).execute(db).await?;
                    assert_eq!(deleted, 1);
                }
                assert_eq!(count(db).await?, i64::try_from(view.vehicles.len()).unwrap_or_default());
                Ok(())
            })
            .await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_constraint_of_a_hostile_name_does_not_exist() -> Outcome {
    among_others(async |view, place| {
        for name in HOSTILE.into_iter().chain(["vehicles_pkey\" DO NOTHING; --", "service_records_pkey"]) {
            let result = place
                .scope(view, async |db| {
                    let insert = db.insert_into::<Vehicle>().values(vehicle("V70", "P1")).on_constraint(name);
                    insert.do_update().set(vehicles::model.eq("gone")).execute(db).await
                })
                .await;
            assert!(matches!(result, Err(Error::Other(_))), "{name:?}: {result:?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_nul_is_refused_wherever_it_is() -> Outcome {
    among_others(async |view, place| {
        macro_rules! refused {
            ($db:ident => $work:expr) => {{
                let result = place.scope(view, async |$db| Ok($work.await.map(drop))).await?;
                assert!(matches!(&result, Err(Error::Value(why)) if why.contains("NUL")), "{result:?}");
                // And the pool is none the worse.
                let vehicles = place.scope(view, async |db| count(db).await).await?;
                assert_eq!(vehicles, i64::try_from(view.vehicles.len())?);
            }};
        }
        refused!(db => db.query::<Vehicle>().filter(vehicles::model.eq("a\0b")).load(db));
        refused!(db => db.query::<Vehicle>().filter(vehicles::model.eq_any(any_of(["a", "\0"]))).load(db));
        refused!(db => db.query::<Vehicle>().filter(vehicles::model.like("%\0%")).count(db));
        refused!(db => db.insert_into::<Vehicle>().values(vehicle("\0", "P99")).execute(db));
        refused!(db => db.update::<Vehicle>().set(vehicles::model.eq("\0")).execute(db));
        refused!(db => db.delete::<Vehicle>().filter(vehicles::model.ne("\0")).execute(db));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_nul_in_the_name_of_a_constraint_is_refused() -> Outcome {
    among_others(async |view, place| {
        let result = place
            .scope(view, async |db| {
                let insert = db.insert_into::<Vehicle>().values(vehicle("V70", "P1"));
                insert.on_constraint("vehicles_pkey\0").do_nothing().execute(db).await
            })
            .await;
        assert!(matches!(result, Err(Error::Invalid(_))), "{result:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn lists_are_long_or_empty() -> Outcome {
    among_others(async |view, place| {
        place
            .scope(view, async |db| {
                let ours = view.vehicles.len();
                let all: Vec<Uuid> = (0..100_000).map(Uuid::from_u128).collect();
                let found = db.query::<Vehicle>().filter(vehicles::id.eq_any(any_of(&all))).load(db).await?;
                assert_eq!(found.len(), ours);
                let plates = (0..100_000).map(|number| format!("P{number}"));
                let found =
                    db.query::<Vehicle>().filter(vehicles::plate.eq_any(any_of(plates))).load(db).await?;
                assert_eq!(found.len(), ours);
                let none = || vehicles::id.eq_any(any_of(Vec::<Uuid>::new()));
                assert_eq!(db.query::<Vehicle>().filter(none()).load(db).await?, []);
                assert_eq!(db.query::<Vehicle>().filter(not(none())).load(db).await?.len(), ours);
                assert_eq!(
                    db.update::<Vehicle>().filter(none()).set(vehicles::year.eq(1)).execute(db).await?,
                    0
                );
                assert_eq!(db.delete::<Vehicle>().filter(none()).execute(db).await?, 0);
                Ok(())
            })
            .await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn nothing_to_write_writes_nothing() -> Outcome {
    among_others(async |view, place| {
        place
            .scope(view, async |db| {
                let nothing = Vec::<NewVehicle>::new;
                assert_eq!(db.insert_into::<Vehicle>().values(nothing()).execute(db).await?, 0);
                let rows: Vec<Vehicle> =
                    db.insert_into::<Vehicle>().values(nothing()).get_results(db).await?;
                assert_eq!(rows, []);
                let upsert =
                    db.insert_into::<Vehicle>().values(nothing()).on_conflict(vehicles::plate).do_update();
                assert_eq!(
                    upsert.set(vehicles::year.eq(1)).filter(vehicles::year.gt(0)).execute(db).await?,
                    0
                );
                let unchanged = || db.update::<Vehicle>().set(VehicleChanges::default());
                let all = db.query::<Vehicle>().count(db).await?;
                assert_eq!(i64::try_from(unchanged().execute(db).await?), Ok(all));
                let none = unchanged().find(Uuid::new_v4()).get_result::<Vehicle>(db).await;
                assert!(matches!(none, Err(Error::NotFound)), "{none:?}");
                let upsert =
                    db.insert_into::<Vehicle>().values(vehicle("V70", "P2")).on_conflict(vehicles::plate);
                let upsert = upsert.do_update().set(VehicleChanges::default()).filter(vehicles::year.gt(0));
                assert_eq!(upsert.execute(db).await?, 0);
                Ok(())
            })
            .await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn values_out_of_range_are_errors() -> Outcome {
    among_others(async |view, place| {
        macro_rules! fails {
            ($db:ident => $work:expr) => {{
                let result = place.scope(view, async |$db| Ok($work.await.map(drop))).await?;
                assert!(matches!(result, Err(Error::Other(_) | Error::Value(_))), "{result:?}");
            }};
        }
        fails!(db => db.query::<Vehicle>().limit(-1).load(db));
        fails!(db => db.query::<Vehicle>().offset(i64::MIN).load(db));
        fails!(db => db.query::<Vehicle>().filter((vehicles::year + i32::MAX).gt(0)).load(db));
        fails!(db => db.query::<Vehicle>().filter(vehicles::model.like("\\")).load(db));
        fails!(db => db.update::<ServiceRecord>().set(service_records::cents.eq(service_records::cents + i64::MAX)).execute(db));
        place
            .scope(view, async |db| {
                assert_eq!(db.query::<Vehicle>().limit(0).load(db).await?, []);
                assert_eq!(db.query::<Vehicle>().limit(i64::MAX).load(db).await?.len(), view.vehicles.len());
                assert_eq!(db.query::<Vehicle>().offset(i64::MAX).load(db).await?, []);
                assert_eq!(db.query::<Vehicle>().find(Uuid::nil()).load(db).await?, []);
                for day in [NaiveDate::MIN, NaiveDate::MAX] {
                    let records = db.query::<ServiceRecord>().filter(service_records::done_on.eq(day));
                    // Earlier than PostgreSQL's calendar is an error, later is a day like any other.
                    if let Ok(records) = records.load(db).await {
                        assert_eq!(records, []);
                    }
                }
                let long = "x".repeat(10_000_000);
                assert_eq!(db.query::<Vehicle>().filter(vehicles::model.eq(&long)).load(db).await?, []);
                Ok(())
            })
            .await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn many_rows_are_inserted_at_once() -> Outcome {
    among_others(async |view, place| {
        place
            .scope(view, async |db| {
                let plates: Vec<String> = (0..100_000).map(|number| format!("new {number}")).collect();
                let rows: Vec<_> = plates.iter().map(|plate| vehicle("V70", plate)).collect();
                assert_eq!(db.insert_into::<Vehicle>().values(rows).execute(db).await?, plates.len());
                assert_eq!(
                    count(db).await?,
                    i64::try_from(view.vehicles.len() + plates.len()).unwrap_or_default()
                );
                Ok(())
            })
            .await?;
        Ok(())
    })
    .await
}
