use crow_tests::prelude::*;

#[cfg(refused)]
#[derive(TenantModel)]
#[diesel(table_name = 7)] //~ error: expected identifier
#[diesel(primary_key(tenant_id, id))] //~ error: the key of a tenant model names a row within its tenant
struct Lift<T> { //~ error: a model owns its values
    id: T,
}
