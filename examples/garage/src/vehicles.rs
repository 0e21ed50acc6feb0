//! The vehicles of a shop.

use axum::Json;
use axum::http::StatusCode;
use crow_core::{Error, TenantModel, TenantScope};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::schema::vehicles;

/// A row.
#[derive(Queryable, Selectable, Identifiable, TenantModel, Serialize)]
#[diesel(table_name = vehicles, primary_key(id))]
pub struct Vehicle {
    id: Uuid,
    make: String,
    plate: String,
}

/// What a client sends.
#[derive(Insertable, Deserialize)]
#[diesel(table_name = vehicles)]
pub(crate) struct NewVehicle {
    make: String,
    plate: String,
}

pub(crate) async fn list(shop: TenantScope) -> Result<Json<Vec<Vehicle>>, Error> {
    let all = shop.run(async |db| db.query::<Vehicle>().order(vehicles::plate).load(db).await).await?;
    Ok(Json(all))
}

pub(crate) async fn create(
    shop: TenantScope,
    Json(new): Json<NewVehicle>,
) -> Result<(StatusCode, Json<Vehicle>), Error> {
    let made = shop.run(async move |db| db.insert_into::<Vehicle>().values(new).get_result(db).await).await?;
    Ok((StatusCode::CREATED, Json(made)))
}
