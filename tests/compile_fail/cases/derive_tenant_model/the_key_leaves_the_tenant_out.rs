use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid }
}

#[cfg(not(refused))]
#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts, primary_key(id))]
struct Lift {
    id: Uuid,
}

#[cfg(refused)]
#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts, primary_key(tenant_id, id))] //~ error: the key of a tenant model names a row within its tenant: leave `tenant_id` out and write `primary_key(id)`
struct Lift {
    tenant_id: Uuid,
    id: Uuid,
}
