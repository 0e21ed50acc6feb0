//! What a shop has done, in numbers.

use axum::Json;
use crow_core::{TenantConn, TenantScope};
use diesel::dsl::{count_star, sum};
use diesel::prelude::*;
use serde::Serialize;
use tokio::try_join;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::Answer;
use crate::models::{ServiceRecord, Vehicle};
use crate::schema::{service_records, vehicles};

pub(crate) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(show))
}

#[derive(Serialize, ToSchema)]
struct Statistics {
    vehicles: i64,
    records: i64,
    cents: i64,
    makes: Vec<MakeCount>,
}

#[derive(Serialize, ToSchema)]
struct MakeCount {
    make: String,
    vehicles: i64,
}

/// Vehicles, work and revenue.
#[utoipa::path(get, path = "/api/statistics", operation_id = "statistics", tag = "statistics", responses((status = OK, body = Statistics)))]
async fn show(shop: TenantScope) -> Answer<Json<Statistics>> {
    Ok(Json(shop.run(async |db| count(db).await).await?))
}

/// Four statements, which travel together: one round trip.
async fn count(db: &TenantConn<'_>) -> Result<Statistics, crow_core::Error> {
    let (vehicles, records, cents, makes) = try_join!(
        db.query::<Vehicle>().count(db),
        db.query::<ServiceRecord>().count(db),
        db.query::<ServiceRecord>().select(sum(service_records::cents)).get_result::<Option<i64>>(db),
        db.query::<Vehicle>()
            .group_by(vehicles::make)
            .select((vehicles::make, count_star()))
            .order((count_star().desc(), vehicles::make))
            .load::<(String, i64)>(db),
    )?;
    let makes = makes.into_iter().map(|(make, vehicles)| MakeCount { make, vehicles }).collect();
    Ok(Statistics { vehicles, records, cents: cents.unwrap_or(0), makes })
}
