//! Fifty clients of two shops at once, of whom some hang up, while one more attacks.

use std::time::Duration;

use futures_util::future::{join, try_join_all};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::visitor::{Visitor, brakes, corolla};
use crate::world::{Outcome, World};

const CLIENTS: usize = 50;
const ROUNDS: usize = 12;

#[crow_testkit::test(timeout = "2m", worker_threads = 4)]
async fn fifty_clients_see_what_is_theirs_while_one_attacks(world: World) -> Outcome {
    let (working, done) = watch::channel(());
    let clients = async {
        let result = try_join_all((0..CLIENTS).map(|client| work(&world, client))).await;
        drop(working);
        result
    };
    let (worked, attacked) = join(clients, attack(&world, done)).await;
    worked?;
    assert!(attacked? > 10, "hardly anything was attacked");

    for (visitor, shop) in [(world.honda(), &world.honda), (world.toyota(), &world.toyota)] {
        let listed = visitor.get("/api/vehicles?limit=100").await?.json();
        let left = listed["vehicles"].as_array().map(Vec::len).unwrap_or_default();
        assert!(left < CLIENTS, "more is left than those who hung up can have left: {listed}");
        for vehicle in &shop.vehicles {
            assert_eq!(visitor.get(&format!("/api/vehicles/{}", vehicle.id)).await?.json(), json!(vehicle));
        }
    }
    Ok(())
}

/// Takes in a vehicle, works on it, finds it, and lets it go, again and again; every third time nobody waits for the answer.
async fn work(world: &World, client: usize) -> Outcome {
    let (shop, slug) =
        if client.is_multiple_of(2) { (world.honda(), "honda") } else { (world.toyota(), "toyota") };
    for round in 0..ROUNDS {
        // Whose it is stands in each plate, so each answer can be searched for the other's.
        let vehicle =
            json!({ "make": "M", "model": slug, "year": 2020, "plate": format!("{slug}-{client}-{round}") });
        if client.is_multiple_of(5) && round.is_multiple_of(3) {
            _ = timeout(Duration::from_micros(300 * round as u64), shop.post("/api/vehicles", &vehicle))
                .await;
            continue;
        }
        let made = shop.post("/api/vehicles", &vehicle).await?;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let path = format!("/api/vehicles/{}", made.json()["id"].as_str().ok_or("an id")?);
        assert_eq!(shop.post(&format!("{path}/records"), &brakes()).await?.status, StatusCode::CREATED);
        for list in ["/api/vehicles?limit=100", "/api/statistics", &path] {
            assert_eq!(shop.get(list).await?.status, StatusCode::OK);
        }
        assert_eq!(shop.delete(&path).await?.status, StatusCode::NO_CONTENT);
    }
    Ok(())
}

/// Tries everything that the first shop's token could be tried on, until the clients are done; says how often.
async fn attack(world: &World, mut done: watch::Receiver<()>) -> Outcome<usize> {
    let theirs = world.toyota.vehicles[0].id;
    let eve = world.honda();
    let elsewhere: Visitor<'_> = world.honda().at("toyota.localhost");
    let mut attacks = 0;
    while timeout(Duration::from_millis(1), done.changed()).await.is_err() {
        for path in [format!("/api/vehicles/{theirs}"), format!("/api/vehicles/{theirs}/records")] {
            assert_eq!(eve.get(&path).await?.status, StatusCode::NOT_FOUND);
        }
        assert_eq!(eve.delete(&format!("/api/vehicles/{theirs}")).await?.status, StatusCode::NOT_FOUND);
        assert_eq!(elsewhere.get("/api/vehicles").await?.status, StatusCode::FORBIDDEN);
        assert_eq!(elsewhere.post("/api/vehicles", &corolla()).await?.status, StatusCode::FORBIDDEN);
        let unsigned = eve.request(Method::GET, "/").header("x-tenant-id", world.toyota.id.to_string());
        assert_eq!(eve.send(unsigned).await?.status, StatusCode::OK);
        attacks += 1;
    }
    Ok(attacks)
}
