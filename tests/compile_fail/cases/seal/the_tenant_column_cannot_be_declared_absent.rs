use crow_core::bounds::NoTenantColumn;
use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid }
}

#[cfg(refused)]
impl NoTenantColumn for lifts::tenant_id {} //~ error: not all trait items implemented, missing: `__only_crow_implements_this`
