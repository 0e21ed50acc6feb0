use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid }
}

diesel::table! {
    checks (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, lift_id -> Uuid }
}

diesel::allow_tables_to_appear_in_same_query!(lifts, checks);

#[derive(Queryable, Selectable)]
#[cfg_attr(not(refused), derive(TenantModel))]
#[diesel(table_name = lifts)]
struct Lift {
    id: Uuid,
}

#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = checks, belongs_to(Lift))] //~ error: `Lift` is no model that a tenant scope may query
struct Check {
    id: Uuid,
}
