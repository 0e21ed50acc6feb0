use crow_tests::prelude::*;

#[derive(AsChangeset, TenantChangeset)]
#[diesel(table_name = vehicles)]
struct Changes {
    make: Option<String>,
    #[cfg(refused)]
    r#tenant_id: Uuid, //~ error: `tenant_id` is never written by hand: a row never changes its tenant. Leave the field out; to move rows between tenants take an `AdminConn`
}
