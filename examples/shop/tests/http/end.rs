//! How the service ends.

use reqwest::Method;
use serde_json::Value;

use crate::world::{Outcome, World};

#[crow_testkit::test(timeout = "20s")]
async fn a_service_that_is_stopped_does_what_is_left_and_ends(world: World) -> Outcome {
    let asked: Value = world.operator(Method::POST, "/admin/reminders").send().await?.json().await?;
    assert_eq!(asked, 2);
    world.stop.send(()).map_err(|()| "it has ended already")?;
    world.served.await??;
    assert!(world.client.get(format!("http://{}/health", world.address)).send().await.is_err());
    Ok(())
}
