//! What crow's tests share beside the shop of the examples.

#![allow(missing_docs)]

pub mod job;
pub mod plans;

use crow_examples::schema::vehicles;
use diesel::query_source::TableNotEqual;
// Programs that must not compile cannot name serde, which build scripts have a second time.
pub use serde::de::DeserializeOwned;

diesel::table! {
    /// A table of no model.
    secrets (id) {
        id -> Uuid,
        vehicle_id -> Uuid,
        tenant_id -> Uuid,
        content -> Text,
    }
}

// What `allow_tables_to_appear_in_same_query!` says, for tables of two crates.
impl TableNotEqual<vehicles::table> for secrets::table {}
impl TableNotEqual<secrets::table> for vehicles::table {}

/// What a program that uses crow imports.
pub mod prelude {
    pub use crow_core::{
        AdminConn, Error, Optional, SharedModel, TenantChangeset, TenantConn, TenantId, TenantModel,
        TenantPool, TenantQuery, aggregate, any_of, window,
    };
    pub use crow_examples::models::{Make, NewVehicle, ServiceRecord, Vehicle, VehicleChanges};
    pub use crow_examples::schema::{makes, service_records, vehicles};
    pub use diesel::dsl::{count, count_star, exists, max, not, sql, sql_query, sum};
    pub use diesel::pg::Pg;
    pub use diesel::prelude::*;
    pub use diesel::sql_types::{self, BigInt, Bool, Text};
    pub use uuid::Uuid;

    pub use crate::secrets;
}
