//! Somebody who asks, and looks for what is not theirs in every answer.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::shops::Shop;
use crate::world::{Outcome, World};

pub(crate) struct Visitor<'w> {
    world: &'w World,
    shop: &'w Shop,
    other: &'w Shop,
    pub(crate) host: String,
    pub(crate) token: String,
}

/// What came back, in which nothing was another shop's.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

impl<'w> Visitor<'w> {
    pub(crate) fn new(world: &'w World, shop: &'w Shop, other: &'w Shop) -> Self {
        Self { world, shop, other, host: format!("{}.localhost", shop.slug), token: shop.token("Ada") }
    }

    /// With another host, as an attacker puts it.
    pub(crate) fn at(self, host: &str) -> Self {
        Self { host: host.into(), ..self }
    }

    /// With another token.
    pub(crate) fn with(self, token: String) -> Self {
        Self { token, ..self }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.world.request(method, &self.host, path).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Outcome<Answer> {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Outcome<Answer> {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &impl Serialize) -> Outcome<Answer> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &impl Serialize) -> Outcome<Answer> {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// Sends a request, and searches the answer, its headers too.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Outcome<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), format!("{:?}", response.headers()));
        let text = response.text().await?;
        for foreign in self.foreign() {
            assert!(!text.contains(&foreign) && !headers.contains(&foreign), "{foreign} in {status}: {text}");
        }
        // Nothing of the inside either.
        for inside in
            ["vehicles_tenant_id", "tenant_id", "PostgreSQL", "syntax error", "crow_app", "row-level"]
        {
            assert!(!text.contains(inside), "{inside} in {status}: {text}");
        }
        Ok(Answer { status, text })
    }

    /// What only the other shop has.
    pub(crate) fn foreign(&self) -> impl Iterator<Item = String> {
        let vehicles = self.other.vehicles.iter().flat_map(|vehicle| {
            [
                vehicle.id.to_string(),
                vehicle.plate.clone(),
                vehicle.model.clone(),
                format!("oil change of {}", vehicle.plate),
            ]
        });
        vehicles.chain([self.other.id.to_string(), self.other.slug.to_owned()])
    }

    /// That everything is as it was in the beginning.
    pub(crate) async fn has_all_it_had(&self) -> Outcome {
        let listed = self.get("/api/vehicles").await?.json();
        assert_eq!(listed["vehicles"], json!(self.shop.vehicles));
        for vehicle in &self.shop.vehicles {
            let records = self.get(&format!("/api/vehicles/{}/records", vehicle.id)).await?.json();
            let works: Vec<_> =
                records["records"].as_array().into_iter().flatten().map(|record| &record["work"]).collect();
            assert_eq!(works, [&json!(format!("oil change of {}", vehicle.plate))]);
        }
        Ok(())
    }
}

pub(crate) fn corolla() -> Value {
    json!({ "make": "Toyota", "model": "Corolla", "year": 2021, "plate": "CO 4" })
}

pub(crate) fn brakes() -> Value {
    json!({ "work": "brakes", "cents": 18_000, "done_on": "2026-03-02" })
}
