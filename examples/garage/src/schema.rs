//! The tables, for the database and for diesel.

use crow_core::Error;
use crow_core::schema::{Column, TableMigrations, TenantTable};

/// The migrations, in order. One that has run somewhere stays as it is: a change is one more, another `create` or `sql`.
pub fn tables() -> Result<TableMigrations, Error> {
    TableMigrations::new().create(
        "2026-11-27-090000_create_vehicles",
        TenantTable::new("vehicles")
            .column(Column::text("make").check("make <> ''"))
            .column(Column::text("plate"))
            .unique(["plate"]),
    )
}

diesel::table! {
    vehicles (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        make -> Text,
        plate -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}
