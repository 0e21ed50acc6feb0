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
impl SharedModel for Lift {} //~ error: not all trait items implemented, missing: `__only_the_derive_implements_this`
