use crow_tests::prelude::*;

diesel::table! {
    lifts (id) { id -> Uuid, tenant_id -> Uuid }
}

diesel::table! {
    tools (id) { id -> Uuid, tenant_id -> Nullable<Uuid> }
}

#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts)]
struct Lift {
    id: Uuid,
}

#[cfg(refused)]
#[derive(Queryable, Selectable, TenantModel)] //~ error: `tenant_id` has to be `Uuid`, not `…Nullable<…Uuid>`
#[diesel(table_name = tools)]
struct Tool {
    id: Uuid,
}
