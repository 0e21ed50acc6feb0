//! exists, in, scalar, correlated; union, intersect, except.

use crow_core::{Error, exists};
use crow_examples::models::{ServiceRecord, Vehicle};
use crow_examples::schema::{service_records, vehicles};
use diesel::dsl::{count_star, max, not};
use diesel::prelude::*;

use crate::shop::{Outcome, Shops};

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn in_and_not_in(shops: Shops) -> Outcome {
    shops
        .pool
        .scope(shops.ours, async |db| {
            let serviced = || db.query::<ServiceRecord>().select(service_records::vehicle_id);
            assert_eq!(db.query::<Vehicle>().filter(vehicles::id.eq_any(serviced())).count(db).await?, 2);
            assert_eq!(db.query::<Vehicle>().filter(vehicles::id.ne_all(serviced())).count(db).await?, 1);
            Ok::<_, Error>(())
        })
        .await?;
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn a_correlated_subquery_refers_to_the_row_outside(shops: Shops) -> Outcome {
    shops
        .pool
        .scope(shops.ours, async |db| {
            let records = || {
                db.query::<ServiceRecord>()
                    .correlate(vehicles::table)
                    .filter(service_records::vehicle_id.eq(vehicles::id))
            };
            let never = db.query::<Vehicle>().filter(not(exists(records()))).select(vehicles::model);
            assert_eq!(never.load::<String>(db).await?, ["V70"]);
            let dearest = db
                .query::<Vehicle>()
                .select((vehicles::model, records().select(max(service_records::cents)).single_value()))
                .order(vehicles::model)
                .load::<(String, Option<i64>)>(db)
                .await?;
            assert_eq!(
                dearest,
                [("Accord".into(), Some(500)), ("Civic".into(), Some(300)), ("V70".into(), None)]
            );
            let by_work = db
                .query::<Vehicle>()
                .order((records().select(count_star()).single_value().desc(), vehicles::model))
                .select(vehicles::model);
            assert_eq!(by_work.load::<String>(db).await?, ["Civic", "Accord", "V70"]);
            Ok::<_, Error>(())
        })
        .await?;
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn a_scalar_subquery_compares_with_a_value(shops: Shops) -> Outcome {
    let newest = shops
        .pool
        .scope(shops.ours, async |db| {
            let latest = db.query::<Vehicle>().select(max(vehicles::year)).single_value();
            db.query::<Vehicle>()
                .filter(vehicles::year.nullable().eq(latest))
                .select(vehicles::model)
                .load::<String>(db)
                .await
        })
        .await?;
    assert_eq!(newest, ["Accord"]);
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn queries_are_combined(shops: Shops) -> Outcome {
    shops
        .pool
        .scope(shops.ours, async |db| {
            let of = |make: &'static str| {
                db.query::<Vehicle>().filter(vehicles::make.eq(make)).select(vehicles::model)
            };
            let new = || db.query::<Vehicle>().filter(vehicles::year.gt(2020)).select(vehicles::model);
            let all = of("Honda").union(of("Volvo")).order_by_column(1);
            assert_eq!(all.load::<String>(db).await?, ["Accord", "Civic", "V70"]);
            assert_eq!(of("Honda").intersect(new()).load::<String>(db).await?, ["Accord"]);
            assert_eq!(of("Honda").except(new()).load::<String>(db).await?, ["Civic"]);
            assert_eq!(of("Honda").union_all(new()).union_all(of("Volvo")).count(db).await?, 4);
            let chosen = of("Honda").except(new());
            let found = db.query::<Vehicle>().filter(vehicles::model.eq_any(chosen)).count(db).await?;
            assert_eq!(found, 1);
            Ok::<_, Error>(())
        })
        .await?;
    Ok(())
}
