use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid }
}

diesel::table! {
    tools (id) { id -> Uuid }
}

#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts)]
struct Lift {
    id: Uuid,
}

#[cfg(refused)]
#[derive(Queryable, Selectable, TenantModel)] //~ error: the table of a tenant model needs a column `tenant_id`
#[diesel(table_name = tools)]
struct Tool {
    id: Uuid,
}
