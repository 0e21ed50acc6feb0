//! Rows, and what clients send to make them. No `tenant_id` anywhere: a scope knows its shop.

use chrono::NaiveDate;
use crow_core::{TenantChangeset, TenantModel};
use diesel::prelude::*;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::input::{any_day, day, text, text_of, whole};
use crate::schema::{reminders, service_records, vehicles};

/// A customer's vehicle.
#[derive(Debug, Clone, Serialize, ToSchema, Queryable, Selectable, Identifiable, TenantModel)]
#[diesel(table_name = vehicles, primary_key(id))]
pub struct Vehicle {
    pub id: Uuid,
    pub make: String,
    pub model: String,
    pub year: i32,
    pub plate: String,
}

/// What is to be known of a vehicle.
#[derive(Debug, Deserialize, ToSchema, Validate, Insertable, AsChangeset, TenantChangeset)]
#[diesel(table_name = vehicles)]
#[serde(deny_unknown_fields)]
pub struct VehicleInput {
    #[garde(length(chars, min = 1, max = 60), custom(text))]
    #[schema(schema_with = text_of::<60>)]
    pub make: String,
    #[garde(length(chars, min = 1, max = 60), custom(text))]
    #[schema(schema_with = text_of::<60>)]
    pub model: String,
    #[garde(range(min = 1886, max = 2100))]
    #[schema(minimum = 1886, maximum = 2100)]
    #[serde(deserialize_with = "whole")]
    pub year: i32,
    #[garde(length(chars, min = 1, max = 20), custom(text))]
    #[schema(schema_with = text_of::<20>)]
    pub plate: String,
}

/// Work that was done on a vehicle.
#[derive(
    Debug, Clone, Serialize, ToSchema, Queryable, Selectable, Identifiable, Associations, TenantModel,
)]
#[diesel(table_name = service_records, primary_key(id), belongs_to(Vehicle))]
pub struct ServiceRecord {
    pub id: Uuid,
    pub vehicle_id: Uuid,
    pub work: String,
    pub cents: i32,
    pub done_on: NaiveDate,
}

/// What is to be known of work on a vehicle.
#[derive(Debug, Deserialize, ToSchema, Validate, Insertable, AsChangeset, TenantChangeset)]
#[diesel(table_name = service_records)]
#[serde(deny_unknown_fields)]
pub struct RecordInput {
    #[garde(length(chars, min = 1, max = 500), custom(text))]
    #[schema(schema_with = text_of::<500>)]
    pub work: String,
    #[garde(range(min = 0, max = 100_000_000))]
    #[schema(minimum = 0, maximum = 100_000_000)]
    #[serde(deserialize_with = "whole")]
    pub cents: i32,
    #[garde(custom(day))]
    #[schema(schema_with = any_day)]
    pub done_on: NaiveDate,
}

/// A vehicle that should come to the shop again.
#[derive(
    Debug, Clone, Serialize, ToSchema, Queryable, Selectable, Identifiable, Associations, TenantModel,
)]
#[diesel(table_name = reminders, primary_key(id), belongs_to(Vehicle))]
pub struct Reminder {
    pub id: Uuid,
    pub vehicle_id: Uuid,
    pub due_on: NaiveDate,
}
