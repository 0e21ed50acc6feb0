//! What operators see and do, across all shops. Each access is on record before it reads.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use crow_core::AdminConn;
use crow_core::request::AdminDoor;
use diesel::dsl::{count_star, sum};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use crate::error::Answer;
use crate::nightly::Nightly;
use crate::schema::{service_records, shops, vehicles};

pub(crate) fn routes(nightly: Nightly) -> Router {
    Router::new()
        .route("/admin/shops", get(usage))
        .route("/admin/reminders", post(remind))
        .with_state(nightly)
}

/// What a shop has, and what it has earned.
#[derive(Serialize)]
struct Usage {
    shop: Uuid,
    slug: String,
    name: String,
    vehicles: i64,
    records: i64,
    cents: i64,
}

async fn usage(door: AdminDoor) -> Answer<Json<Vec<Usage>>> {
    let mut conn = door.read("usage and revenue of all shops").await?;
    Ok(Json(count(&mut conn).await.map_err(crow_core::Error::from)?))
}

async fn count(conn: &mut AdminConn) -> QueryResult<Vec<Usage>> {
    let listed: Vec<(Uuid, String, String)> =
        shops::table.order(shops::slug).select((shops::id, shops::slug, shops::name)).load(conn).await?;
    let vehicles: Vec<(Uuid, i64)> = vehicles::table
        .group_by(vehicles::tenant_id)
        .select((vehicles::tenant_id, count_star()))
        .load(conn)
        .await?;
    let records: Vec<(Uuid, i64, Option<i64>)> = service_records::table
        .group_by(service_records::tenant_id)
        .select((service_records::tenant_id, count_star(), sum(service_records::cents)))
        .load(conn)
        .await?;
    let vehicles: HashMap<_, _> = vehicles.into_iter().collect();
    let records: HashMap<_, _> =
        records.into_iter().map(|(shop, number, cents)| (shop, (number, cents))).collect();
    let usage = listed.into_iter().map(|(shop, slug, name)| {
        let (number, cents) = records.get(&shop).copied().unwrap_or_default();
        let vehicles = vehicles.get(&shop).copied().unwrap_or_default();
        Usage { shop, slug, name, vehicles, records: number, cents: cents.unwrap_or(0) }
    });
    Ok(usage.collect())
}

/// Does not wait for the night.
async fn remind(_: AdminDoor, State(nightly): State<Nightly>) -> Answer<(StatusCode, Json<usize>)> {
    Ok((StatusCode::ACCEPTED, Json(nightly.ask_for_reminders().await?)))
}
