use crow_core::bounds::NotTheTenant;
use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid }
}

#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts)]
struct Lift {
    id: Uuid,
}

#[cfg(refused)]
impl NotTheTenant<lifts::tenant_id> for lifts::tenant_id {} //~ error: not all trait items implemented, missing: `__only_crow_implements_this`
