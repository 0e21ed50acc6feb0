use crow_tests::prelude::*;

#[derive(AsChangeset, TenantChangeset)]
#[diesel(table_name = vehicles)]
struct Changes {
    #[cfg_attr(refused, diesel(column_name = tenant_id))] //~ error: `tenant_id` is never written by hand: a row never changes its tenant. Leave the field out; to move rows between tenants take an `AdminConn`
    id: Uuid,
    make: Option<String>,
}
