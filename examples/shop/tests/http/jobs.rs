//! What happens at night.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Outcome, World};

/// Each shop notes its own vehicles. A second night notes none of them again.
#[crow_testkit::test]
async fn each_shop_is_reminded_of_its_own_vehicles(world: World) -> Outcome {
    let (honda, toyota) = (world.honda(), world.toyota());
    let day = chrono::Utc::now().date_naive();
    let recent = json!({ "work": "oil", "cents": 1, "done_on": day });
    honda.post(&format!("/api/vehicles/{}/records", world.honda.vehicles[0].id), &recent).await?;
    for _night in 0..2 {
        let asked = world.operator(Method::POST, "/admin/reminders").send().await?;
        assert_eq!((asked.status(), asked.json::<Value>().await?), (StatusCode::ACCEPTED, json!(2)));
        for (visitor, vehicle) in [(&honda, &world.honda.vehicles[1]), (&toyota, &world.toyota.vehicles[0])] {
            let reminders = loop {
                let reminders = visitor.get("/api/reminders").await?.json();
                if reminders.as_array().is_some_and(|reminders| !reminders.is_empty()) {
                    break reminders;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            };
            assert_eq!(reminders.as_array().map(Vec::len), Some(1), "{reminders}");
            assert_eq!(reminders[0]["vehicle_id"], json!(vehicle.id));
            assert_eq!(reminders[0]["due_on"], json!(day));
        }
    }
    Ok(())
}
