use chrono::NaiveDate;
use crow_core::{SharedModel, TenantChangeset, TenantModel};
use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::{makes, service_records, vehicles};

/// The same for every shop.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, SharedModel)]
#[diesel(table_name = makes, primary_key(name))]
pub struct Make {
    pub name: String,
    pub country: String,
}

/// A customer's vehicle. `tenant_id` is in the table and not here: a scope knows its shop.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, TenantModel)]
#[diesel(table_name = vehicles, primary_key(id))]
pub struct Vehicle {
    pub id: Uuid,
    pub make: String,
    pub model: String,
    pub year: i32,
    pub plate: String,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = vehicles)]
pub struct NewVehicle<'a> {
    pub make: &'a str,
    pub model: &'a str,
    pub year: i32,
    pub plate: &'a str,
}

/// What may change about a vehicle; `None` leaves a column as it is.
#[derive(Debug, Clone, Default, AsChangeset, TenantChangeset)]
#[diesel(table_name = vehicles)]
pub struct VehicleChanges {
    pub make: Option<String>,
    pub model: Option<String>,
    pub year: Option<i32>,
    pub plate: Option<String>,
}

/// Work done on a vehicle. `belongs_to` lets queries join the two without a condition.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, Associations, TenantModel)]
#[diesel(table_name = service_records, primary_key(id), belongs_to(Vehicle))]
pub struct ServiceRecord {
    pub id: Uuid,
    pub vehicle_id: Uuid,
    pub work: String,
    pub cents: i64,
    pub done_on: NaiveDate,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = service_records)]
pub struct NewServiceRecord<'a> {
    pub vehicle_id: Uuid,
    pub work: &'a str,
    pub cents: i64,
    pub done_on: NaiveDate,
}
