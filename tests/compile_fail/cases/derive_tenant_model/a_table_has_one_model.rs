use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid }
}

#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts)]
struct Lift {
    id: Uuid,
}

#[derive(Queryable, Selectable)]
#[cfg_attr(refused, derive(TenantModel))] //~ error: conflicting implementations of trait `ScopedTable` for type `lifts::table`
#[diesel(table_name = lifts)]
struct OtherLift {
    id: Uuid,
}
