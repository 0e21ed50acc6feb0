//! Queries that are put together at run time, and passed around.

use crow_core::{Error, TenantConn, TenantQuery};
use crow_examples::models::Vehicle;
use crow_examples::schema::vehicles;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::shop::{Outcome, Shops};

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

#[tokio::test]
async fn filters_are_added_in_a_loop() -> Outcome {
    let shops = Shops::open().await?;
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
