use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid }
}

diesel::table! {
    checks (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, lift -> Uuid }
}

diesel::allow_tables_to_appear_in_same_query!(lifts, checks);

#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts)]
struct Lift {
    id: Uuid,
}

#[cfg(not(refused))]
#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = checks, belongs_to(Lift, foreign_key = lift))]
struct Check {
    id: Uuid,
}

#[cfg(refused)]
#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = checks, belongs_to(Lift))] //~ error: cannot find type `lift_id` in module `checks`
struct Check {
    id: Uuid,
}
