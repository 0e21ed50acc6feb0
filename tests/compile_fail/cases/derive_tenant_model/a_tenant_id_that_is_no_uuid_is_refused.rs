use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid }
}

diesel::table! {
    tools (tenant_id, id) { tenant_id -> Text, id -> Uuid }
}

#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts)]
struct Lift {
    id: Uuid,
}

#[cfg(refused)]
#[derive(Queryable, Selectable, TenantModel)] //~ error: `tenant_id` has to be `Uuid`, not `…Text`
#[diesel(table_name = tools)]
struct Tool {
    id: Uuid,
}
