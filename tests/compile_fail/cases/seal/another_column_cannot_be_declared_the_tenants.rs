use crow_core::bounds::TenantColumn;
use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Int4 }
}

#[cfg(refused)]
impl TenantColumn<lifts::table> for lifts::id {} //~ error: conflicting implementations of trait `TenantColumn<lifts::table>` for type `lifts::columns::id`
