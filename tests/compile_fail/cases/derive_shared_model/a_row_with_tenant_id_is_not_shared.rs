use crow_tests::prelude::*;

#[cfg(refused)]
#[derive(SharedModel)]
#[diesel(table_name = vehicles)]
struct Lift {
    id: Uuid,
    tenant_id: Uuid, //~ error: a shared table is the same for every tenant and has no `tenant_id`: derive `TenantModel`
}
