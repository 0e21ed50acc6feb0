//! What was done on the vehicles of a shop.

use std::fmt;
use std::str::FromStr;

use axum::Json;
use axum::http::StatusCode;
use chrono::NaiveDate;
use crow_core::{Error, TenantConn, TenantQuery, TenantScope};
use diesel::prelude::*;
use garde::Validate;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::{Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::error::Answer;
use crate::input::{Body, Id, Params};
use crate::models::{RecordInput, ServiceRecord, Vehicle};
use crate::schema::service_records;

pub(crate) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(replace, delete))
}

/// Which records to list.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Range {
    /// `next` of the page before.
    #[garde(skip)]
    #[param(schema_with = Cursor::schema)]
    #[serde(default, deserialize_with = "cursor")]
    after: Option<Cursor>,
    #[garde(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100)]
    #[serde(default = "page_size")]
    limit: u32,
}

fn page_size() -> u32 {
    50
}

/// A place in the list: behind this record.
#[derive(Debug, Clone, Copy)]
struct Cursor {
    done_on: NaiveDate,
    id: Uuid,
}

impl Cursor {
    /// A client takes it as it comes, so the document says no more than that it is one.
    fn schema() -> Object {
        let format = SchemaFormat::Custom("cursor".into());
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).build()
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.done_on, self.id)
    }
}

impl FromStr for Cursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse =
            |(done_on, id): (&str, &str)| Some(Self { done_on: done_on.parse().ok()?, id: id.parse().ok()? });
        text.split_once('_').and_then(parse).ok_or("`after` is no `next` of a page")
    }
}

fn cursor<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cursor>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

#[derive(Serialize, ToSchema)]
struct RecordPage {
    records: Vec<ServiceRecord>,
    /// For `after`; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// What was done on a vehicle, the latest first.
#[utoipa::path(get, path = "/api/vehicles/{id}/records", operation_id = "list_records", tag = "records", params(("id" = Uuid, Path), Range), responses((status = OK, body = RecordPage)))]
async fn list(shop: TenantScope, Id(vehicle): Id, Params(range): Params<Range>) -> Answer<Json<RecordPage>> {
    let limit = range.limit as usize;
    let mut records = shop
        .run(async |db| {
            db.query::<Vehicle>().find(vehicle).first(db).await?;
            range.query(db, vehicle).limit(i64::from(range.limit) + 1).load::<ServiceRecord>(db).await
        })
        .await?;
    let more = records.len() > limit;
    records.truncate(limit);
    let next =
        records.last().filter(|_| more).map(|last| Cursor { done_on: last.done_on, id: last.id }.to_string());
    Ok(Json(RecordPage { records, next }))
}

impl Range {
    fn query<'t>(&self, db: &TenantConn<'t>, vehicle: Uuid) -> TenantQuery<'t, 'static, ServiceRecord> {
        use service_records::{done_on, id, vehicle_id};
        let query =
            db.query::<ServiceRecord>().filter(vehicle_id.eq(vehicle)).order((done_on.desc(), id.desc()));
        match self.after {
            None => query,
            Some(last) => {
                query.filter(done_on.lt(last.done_on).or(done_on.eq(last.done_on).and(id.lt(last.id))))
            }
        }
    }
}

/// Adds work that was done on a vehicle.
#[utoipa::path(post, path = "/api/vehicles/{id}/records", operation_id = "create_record", tag = "records", params(("id" = Uuid, Path)), request_body = RecordInput, responses((status = CREATED, body = ServiceRecord)))]
async fn create(
    shop: TenantScope,
    Id(vehicle): Id,
    Body(input): Body<RecordInput>,
) -> Answer<(StatusCode, Json<ServiceRecord>)> {
    let record = shop
        .transaction(async move |tx| {
            // Another shop's vehicle is not found here; the foreign key would not let a record hang on it either.
            let vehicle = tx.query::<Vehicle>().find(vehicle).key(tx).await?;
            let new = (input, service_records::vehicle_id.eq(vehicle));
            tx.insert_into::<ServiceRecord>().values(new).get_result(tx).await
        })
        .await?;
    Ok((StatusCode::CREATED, Json(record)))
}

/// Puts other values in the place of those of a record.
#[utoipa::path(put, path = "/api/records/{id}", operation_id = "replace_record", tag = "records", params(("id" = Uuid, Path)), request_body = RecordInput, responses((status = OK, body = ServiceRecord)))]
async fn replace(
    shop: TenantScope,
    Id(id): Id,
    Body(input): Body<RecordInput>,
) -> Answer<Json<ServiceRecord>> {
    let replaced = shop
        .run(async move |db| db.update::<ServiceRecord>().find(id).set(input).get_result(db).await)
        .await?;
    Ok(Json(replaced))
}

/// Takes out a record.
#[utoipa::path(delete, path = "/api/records/{id}", operation_id = "delete_record", tag = "records", params(("id" = Uuid, Path)), responses((status = NO_CONTENT)))]
async fn delete(shop: TenantScope, Id(id): Id) -> Answer<StatusCode> {
    let deleted = shop.run(async |db| db.delete::<ServiceRecord>().find(id).execute(db).await).await?;
    Ok(if deleted > 0 { StatusCode::NO_CONTENT } else { Err(Error::NotFound)? })
}
