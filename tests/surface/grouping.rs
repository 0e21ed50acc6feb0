//! distinct, group_by, having, aggregates, windows.

use crow_core::{Error, aggregate, window};
use crow_examples::models::{ServiceRecord, Vehicle};
use crow_examples::schema::{service_records, vehicles};
use diesel::dsl::{FrameBoundDsl, FrameClauseDsl, count, count_star, frame, max, min, row_number};
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::shop::{Outcome, Shops};

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn groups_are_counted_within_the_tenant(shops: Shops) -> Outcome {
    let counts = shops
        .pool
        .scope(shops.ours, async |db| {
            db.query::<Vehicle>()
                .group_by(vehicles::make)
                .select((vehicles::make, count_star()))
                .order(vehicles::make)
                .load::<(String, i64)>(db)
                .await
        })
        .await?;
    assert_eq!(counts, [("Honda".into(), 2), ("Volvo".into(), 1)]);
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn having_keeps_groups_by_an_aggregate(shops: Shops) -> Outcome {
    let makes = shops
        .pool
        .scope(shops.ours, async |db| {
            db.query::<Vehicle>()
                .group_by(vehicles::make)
                .having(count_star().gt(1).and(max(vehicles::year).gt(2000)))
                .select(vehicles::make)
                .load::<String>(db)
                .await
        })
        .await?;
    assert_eq!(makes, ["Honda"]);
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn aggregates_need_no_group(shops: Shops) -> Outcome {
    let all = shops
        .pool
        .scope(shops.ours, async |db| {
            db.query::<ServiceRecord>()
                .select((
                    count(service_records::id),
                    min(service_records::cents),
                    max(service_records::cents),
                ))
                .get_result::<(i64, Option<i64>, Option<i64>)>(db)
                .await
        })
        .await?;
    assert_eq!(all, (3, Some(100), Some(500)));
    Ok(())
}

diesel::define_sql_function! {
    #[aggregate]
    fn string_agg(text: Text, separator: Text) -> Nullable<Text>;
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn aggregates_take_some_rows_once_and_in_order(shops: Shops) -> Outcome {
    let all = shops
        .pool
        .scope(shops.ours, async |db| {
            let hondas = db.query::<Vehicle>().filter(vehicles::make.eq("Honda")).select(vehicles::id);
            db.query::<ServiceRecord>()
                .inner_join(vehicles::table)
                .select((
                    aggregate(count_star()).filter(service_records::cents.gt(200)),
                    aggregate(count(vehicles::id)).distinct().filter(vehicles::id.eq_any(hondas)),
                    aggregate(string_agg(vehicles::model, ", ")).order(service_records::cents.desc()),
                ))
                .get_result::<(i64, i64, Option<String>)>(db)
                .await
        })
        .await?;
    assert_eq!(all, (2, 2, Some("Accord, Civic, Civic".into())));
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn distinct_leaves_out_equal_rows(shops: Shops) -> Outcome {
    shops
        .pool
        .scope(shops.ours, async |db| {
            let makes = db.query::<Vehicle>().select(vehicles::make).distinct().order(vehicles::make);
            assert_eq!(makes.load::<String>(db).await?, ["Honda", "Volvo"]);
            let newest = db
                .query::<Vehicle>()
                .distinct_on(vehicles::make)
                .order((vehicles::make, vehicles::year.desc()))
                .select(vehicles::model);
            assert_eq!(newest.load::<String>(db).await?, ["Accord", "V70"]);
            Ok::<_, Error>(())
        })
        .await?;
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn windows_look_at_the_tenants_rows(shops: Shops) -> Outcome {
    let ranked = shops
        .pool
        .scope(shops.ours, async |db| {
            db.query::<Vehicle>()
                .select((
                    vehicles::model,
                    window(row_number()).partition_by(vehicles::make).order(vehicles::year),
                ))
                .order(vehicles::model)
                .load::<(String, i64)>(db)
                .await
        })
        .await?;
    assert_eq!(ranked, [("Accord".into(), 2), ("Civic".into(), 1), ("V70".into(), 1)]);
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn windows_take_aggregates_filters_and_frames(shops: Shops) -> Outcome {
    let rows = shops
        .pool
        .scope(shops.ours, async |db| {
            let two = frame::Rows.frame_between(1_u64.preceding(), frame::CurrentRow);
            let hondas = window(count_star()).filter(vehicles::make.eq("Honda"));
            let newest = window(max(vehicles::year)).order(vehicles::year).frame_by(two);
            db.query::<Vehicle>()
                .select((vehicles::model, hondas, newest))
                .order(vehicles::year)
                .load::<(String, i64, Option<i32>)>(db)
                .await
        })
        .await?;
    let expected = [("V70", 2, Some(2004)), ("Civic", 2, Some(2019)), ("Accord", 2, Some(2021))];
    assert_eq!(rows, expected.map(|(model, hondas, newest)| (model.to_owned(), hondas, newest)));
    Ok(())
}
