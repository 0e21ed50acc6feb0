use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid }
}

#[cfg(not(refused))]
#[derive(TenantModel, Queryable, Selectable)]
#[diesel(table_name = lifts)]
struct Lift {
    id: Uuid,
}

#[cfg(refused)]
#[derive(TenantModel, Queryable, Selectable)]
#[diesel(table_name = lift)] //~ error: unresolved import `lift`
struct Lift {
    id: Uuid,
}
