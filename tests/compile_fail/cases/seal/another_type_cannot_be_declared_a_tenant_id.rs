use crow_core::bounds::TenantIdType;
use crow_tests::prelude::*;

#[derive(diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
#[diesel(postgres_type(name = "tenant"))]
struct Tenant;

#[cfg(refused)]
impl TenantIdType for Tenant {} //~ error: not all trait items implemented, missing: `__only_crow_implements_this`
