//! Queries that are put together at run time, and passed around.

use crow_core::{Condition, Error, TenantConn, TenantQuery, exists};
use crow_examples::models::{ServiceRecord, Vehicle};
use crow_examples::schema::{service_records, vehicles};
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::shop::{Outcome, Shops, chooses};

fn models<'t, 'q>(query: TenantQuery<'t, 'q, Vehicle>) -> TenantQuery<'t, 'q, Vehicle, Text> {
    query.order(vehicles::model).select(vehicles::model)
}

fn with_all<'t, 'q>(db: &TenantConn<'t>, letters: &'q [String]) -> TenantQuery<'t, 'q, Vehicle> {
    let mut query = db.query::<Vehicle>();
    for letter in letters {
        query = query.filter(vehicles::model.like(letter));
    }
    query
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn filters_are_added_in_a_loop(shops: Shops) -> Outcome {
    let patterns = ["%c%", "%C%", "%v%"].map(String::from);
    shops
        .pool
        .scope(shops.ours, async |db| {
            for (n, wanted) in [&["Accord", "Civic", "V70"][..], &["Accord", "Civic"], &["Civic"], &["Civic"]]
                .into_iter()
                .enumerate()
            {
                assert_eq!(models(with_all(db, &patterns[..n])).load::<String>(db).await?, wanted);
            }
            Ok::<_, Error>(())
        })
        .await?;
    Ok(())
}

type OfVehicles<'t, 'q> = Condition<'t, 'q, vehicles::table>;

/// One of a kind that only the caller knows.
fn wanted<'t: 'q, 'q>(db: &TenantConn<'t>, kind: &str, value: &'q str) -> OfVehicles<'t, 'q> {
    match kind {
        "make" => Condition::new(vehicles::make.eq(value)),
        "model" => Condition::new(vehicles::model.eq(value)),
        _ => Condition::new(exists(
            db.query::<ServiceRecord>()
                .correlate(vehicles::table)
                .filter(service_records::vehicle_id.eq(vehicles::id).and(service_records::work.eq(value))),
        )),
    }
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn conditions_are_gathered_in_lists(shops: Shops) -> Outcome {
    shops
        .pool
        .scope(shops.ours, async |db| {
            let volvo = wanted(db, "make", "Volvo");
            let civic = wanted(db, "model", "Civic");
            let all = || [volvo.clone(), civic.clone()];
            chooses!(db, Condition::any(all()), ["Civic", "V70"]);
            chooses!(db, Condition::all(all()), []);
            chooses!(db, Condition::any([]), []);
            chooses!(db, Condition::all([]), ["Accord", "Civic", "V70"]);
            chooses!(db, Condition::any([Condition::all(all()), civic.clone()]), ["Civic"]);
            chooses!(db, Condition::any(all()).and(vehicles::year.gt(2010)), ["Civic"]);
            chooses!(db, vehicles::year.gt(2010).and(Condition::any(all())), ["Civic"]);
            chooses!(db, diesel::dsl::not(Condition::any(all())), ["Accord"]);
            let serviced = Condition::any([volvo.clone(), wanted(db, "work", "no such work")]);
            chooses!(db, serviced, ["V70"]);
            chooses!(db, wanted(db, "work", "oil"), ["Accord", "Civic"]);
            let changed = db
                .update::<Vehicle>()
                .filter(Condition::any(all()))
                .set(vehicles::year.eq(1999))
                .execute(db)
                .await?;
            assert_eq!(changed, 2);
            Ok::<_, Error>(())
        })
        .await?;
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn a_query_is_cloned_for_a_page_and_its_total(shops: Shops) -> Outcome {
    shops
        .pool
        .scope(shops.ours, async |db| {
            let hondas = db.query::<Vehicle>().filter(vehicles::make.eq("Honda"));
            let (page, total) = futures_util::try_join!(
                models(hondas.clone().limit(1)).load::<String>(db),
                hondas.count(db)
            )?;
            assert_eq!((page, total), (vec!["Accord".to_owned()], 2));
            Ok::<_, Error>(())
        })
        .await?;
    Ok(())
}
