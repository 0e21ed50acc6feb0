use crow_tests::prelude::*;

#[derive(AsChangeset)]
#[cfg_attr(not(refused), derive(TenantChangeset))]
#[diesel(table_name = vehicles)]
struct Inner {
    year: Option<i32>,
}

#[derive(AsChangeset, TenantChangeset)]
#[diesel(table_name = vehicles)]
struct Changes {
    make: Option<String>,
    #[diesel(embed)]
    inner: Inner,
}

#[cfg(not(refused))]
fn accepted(db: &TenantConn<'_>, changes: Changes) {
    let _ = db.update::<Vehicle>().set(changes);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, changes: Changes) {
    let _ = db.update::<Vehicle>().set(changes); //~ error: `Changes` cannot be set by a tenant scope
}
