use crow_tests::prelude::*;

#[derive(AsChangeset, TenantChangeset)]
#[diesel(table_name = vehicles)]
struct Inner {
    #[cfg(refused)]
    tenant_id: Option<Uuid>, //~ error: `tenant_id` is never written by hand: a row never changes its tenant. Leave the field out; to move rows between tenants take an `AdminConn`
    year: Option<i32>,
}

#[derive(AsChangeset, TenantChangeset)]
#[diesel(table_name = vehicles)]
struct Changes {
    make: Option<String>,
    #[diesel(embed)]
    inner: Inner,
}

fn accepted(db: &TenantConn<'_>, changes: Changes) {
    let _ = db.update::<Vehicle>().set(changes);
}
