//! The vehicles of a shop.

use axum::Json;
use axum::http::StatusCode;
use crow_core::{TenantConn, TenantQuery, TenantScope};
use diesel::prelude::*;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::Answer;
use crate::input::{Body, Id, Params, text, text_of};
use crate::models::{Vehicle, VehicleInput};
use crate::schema::vehicles;

pub(crate) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, replace, delete))
}

/// Which vehicles to list.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Part of make, model or plate.
    #[garde(inner(length(chars, min = 1, max = 60), custom(text)))]
    #[param(schema_with = text_of::<60>)]
    q: Option<String>,
    /// `next` of the page before.
    #[garde(inner(length(chars, max = 20), custom(text)))]
    #[param(schema_with = text_of::<20>)]
    after: Option<String>,
    #[garde(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100)]
    #[serde(default = "page_size")]
    limit: u32,
}

fn page_size() -> u32 {
    50
}

#[derive(Serialize, ToSchema)]
pub(crate) struct VehiclePage {
    vehicles: Vec<Vehicle>,
    /// For `after`; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The vehicles, by their plates.
#[utoipa::path(get, path = "/api/vehicles", operation_id = "list_vehicles", tag = "vehicles", params(Filter), responses((status = OK, body = VehiclePage)))]
async fn list(shop: TenantScope, Params(filter): Params<Filter>) -> Answer<Json<VehiclePage>> {
    let limit = filter.limit as usize;
    // One more than asked for tells whether there is another page.
    let mut vehicles = shop
        .run(async |db| filter.query(db).limit(i64::from(filter.limit) + 1).load::<Vehicle>(db).await)
        .await?;
    let more = vehicles.len() > limit;
    vehicles.truncate(limit);
    let next = vehicles.last().filter(|_| more).map(|last| last.plate.clone());
    Ok(Json(VehiclePage { vehicles, next }))
}

impl Filter {
    fn query<'t, 'q>(&'q self, db: &TenantConn<'t>) -> TenantQuery<'t, 'q, Vehicle> {
        let mut query = db.query::<Vehicle>().order(vehicles::plate);
        if let Some(after) = &self.after {
            query = query.filter(vehicles::plate.gt(after));
        }
        if let Some(q) = &self.q {
            let pattern = anywhere(q);
            query = query.filter(
                vehicles::make
                    .ilike(pattern.clone())
                    .or(vehicles::model.ilike(pattern.clone()))
                    .or(vehicles::plate.ilike(pattern)),
            );
        }
        query
    }
}

/// A pattern for text that has this in it, and in which nothing else has a meaning.
fn anywhere(text: &str) -> String {
    let text = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    format!("%{text}%")
}

/// Takes in a vehicle.
#[utoipa::path(post, path = "/api/vehicles", operation_id = "create_vehicle", tag = "vehicles", request_body = VehicleInput, responses((status = CREATED, body = Vehicle), (status = CONFLICT)))]
async fn create(shop: TenantScope, Body(input): Body<VehicleInput>) -> Answer<(StatusCode, Json<Vehicle>)> {
    Ok((StatusCode::CREATED, Json(add(&shop, input).await?)))
}

pub(crate) async fn add(shop: &TenantScope, input: VehicleInput) -> Result<Vehicle, crow_core::Error> {
    shop.run(async move |db| db.insert_into::<Vehicle>().values(input).get_result(db).await).await
}

/// One vehicle.
#[utoipa::path(get, path = "/api/vehicles/{id}", operation_id = "show_vehicle", tag = "vehicles", params(("id" = uuid::Uuid, Path)), responses((status = OK, body = Vehicle)))]
async fn show(shop: TenantScope, Id(id): Id) -> Answer<Json<Vehicle>> {
    Ok(Json(shop.run(async |db| db.query::<Vehicle>().find(id).first(db).await).await?))
}

/// Puts other values in the place of those of a vehicle.
#[utoipa::path(put, path = "/api/vehicles/{id}", operation_id = "replace_vehicle", tag = "vehicles", params(("id" = uuid::Uuid, Path)), request_body = VehicleInput, responses((status = OK, body = Vehicle), (status = CONFLICT)))]
async fn replace(shop: TenantScope, Id(id): Id, Body(input): Body<VehicleInput>) -> Answer<Json<Vehicle>> {
    let replaced =
        shop.run(async move |db| db.update::<Vehicle>().find(id).set(input).get_result(db).await).await?;
    Ok(Json(replaced))
}

/// Takes out a vehicle, and all that was done on it.
#[utoipa::path(delete, path = "/api/vehicles/{id}", operation_id = "delete_vehicle", tag = "vehicles", params(("id" = uuid::Uuid, Path)), responses((status = NO_CONTENT)))]
async fn delete(shop: TenantScope, Id(id): Id) -> Answer<StatusCode> {
    let deleted = shop.run(async |db| db.delete::<Vehicle>().find(id).execute(db).await).await?;
    Ok(if deleted > 0 { StatusCode::NO_CONTENT } else { Err(crow_core::Error::NotFound)? })
}
