use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid }
}

#[derive(Queryable, Selectable, TenantModel)]
#[cfg_attr(refused, derive(SharedModel))]
#[diesel(table_name = lifts)] //~ error: conflicting implementations of trait `Model` for type `Lift`
struct Lift {
    id: Uuid,
}
