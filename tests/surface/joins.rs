//! Joins of several tables, with aliases, shared tables and conditions of one's own; associations.

use crow_core::Error;
use crow_examples::models::{Make, ServiceRecord, Vehicle};
use crow_examples::schema::{makes, service_records, vehicles};
use diesel::prelude::*;

use crate::shop::{Outcome, Shops};

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn three_tables_one_of_them_shared(shops: Shops) -> Outcome {
    let rows = shops
        .pool
        .scope(shops.ours, async |db| {
            db.query::<ServiceRecord>()
                .inner_join(vehicles::table)
                .inner_join(makes::table.on(makes::name.eq(vehicles::make)))
                .select((vehicles::model, service_records::cents, makes::country))
                .order(service_records::cents)
                .load::<(String, i64, String)>(db)
                .await
        })
        .await?;
    let japan = || "Japan".to_owned();
    assert_eq!(
        rows,
        [("Civic".into(), 100, japan()), ("Civic".into(), 300, japan()), ("Accord".into(), 500, japan())]
    );
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn a_left_join_keeps_what_has_no_match(shops: Shops) -> Outcome {
    let rows = shops
        .pool
        .scope(shops.ours, async |db| {
            db.query::<Vehicle>()
                .left_join(service_records::table)
                .filter(vehicles::make.eq("Volvo"))
                .select((Vehicle::as_select(), Option::<ServiceRecord>::as_select()))
                .load::<(Vehicle, Option<ServiceRecord>)>(db)
                .await
        })
        .await?;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].1, None);
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn a_table_joins_itself_by_an_alias(shops: Shops) -> Outcome {
    let other = diesel::alias!(vehicles as other);
    let pairs = shops
        .pool
        .scope(shops.ours, async |db| {
            let same_make = other
                .field(vehicles::make)
                .eq(vehicles::make)
                .and(other.field(vehicles::year).gt(vehicles::year));
            let query = db
                .query::<Vehicle>()
                .inner_join(other.on(same_make))
                .select((vehicles::model, other.field(vehicles::model)));
            let sql = format!("{query:?}");
            assert!(sql.contains(r#""other"."tenant_id" = $"#), "{sql}");
            query.load::<(String, String)>(db).await
        })
        .await?;
    assert_eq!(pairs, [("Civic".into(), "Accord".into())]);
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn children_are_grouped_under_their_parents(shops: Shops) -> Outcome {
    let counts = shops
        .pool
        .scope(shops.ours, async |db| {
            let parents = db.query::<Vehicle>().order(vehicles::year).load(db).await?;
            let children = db.query::<ServiceRecord>().belonging_to(&parents).load(db).await?;
            let counts: Vec<usize> = children.grouped_by(&parents).iter().map(Vec::len).collect();
            Ok::<_, Error>(counts)
        })
        .await?;
    assert_eq!(counts, [0, 2, 1]);
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn shared_rows_are_the_same_for_all(shops: Shops) -> Outcome {
    let makes = shops.pool.scope(shops.ours, async |db| db.query::<Make>().count(db).await).await?;
    assert_eq!(makes, 3);
    Ok(())
}
