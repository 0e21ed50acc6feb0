//! The way across shops, for operators, and for nobody else.

use crow_core::AdminPool;
use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Outcome, World};

#[derive(QueryableByName)]
struct Entry {
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Text)]
    reason: String,
}

#[crow_testkit::test]
async fn an_operator_sees_usage_and_revenue_and_is_on_record(world: World, admin: AdminPool) -> Outcome {
    let usage: Value = world.operator(Method::GET, "/admin/shops").send().await?.json().await?;
    let seen: Vec<_> = usage
        .as_array()
        .into_iter()
        .flatten()
        .map(|shop| (shop["slug"].clone(), shop["vehicles"].clone(), shop["cents"].clone()))
        .collect();
    assert_eq!(seen, [(json!("honda"), json!(2), json!(9_800)), (json!("toyota"), json!(1), json!(4_900))]);

    let mut conn = admin.get(crow_core::Access::new("test", "who was there")).await?;
    let entries: Vec<Entry> =
        diesel::sql_query("SELECT actor, reason FROM crow.access_log ORDER BY id").load(&mut conn).await?;
    assert_eq!((&*entries[0].actor, &*entries[0].reason), ("Linus", "usage and revenue of all shops"));
    Ok(())
}

/// Wherever they ask: a shop's staff are no operators.
#[crow_testkit::test]
async fn staff_do_not_come_across_shops(world: World) -> Outcome {
    for host in ["localhost", "honda.localhost", "toyota.localhost"] {
        for (method, path) in [(Method::GET, "/admin/shops"), (Method::POST, "/admin/reminders")] {
            let honda = world.honda().at(host);
            let answer = honda.send(honda.request(method, path)).await?;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{host}: {answer:?}");
        }
    }
    Ok(())
}
