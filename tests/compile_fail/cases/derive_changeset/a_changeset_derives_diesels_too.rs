use crow_tests::prelude::*;

#[derive(TenantChangeset)]
#[cfg_attr(not(refused), derive(AsChangeset))]
#[diesel(table_name = vehicles)]
struct Changes {
    make: Option<String>,
}

#[cfg(not(refused))]
fn accepted(db: &TenantConn<'_>, changes: Changes) {
    let _ = db.update::<Vehicle>().set(changes);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, changes: Changes) {
    let _ = db.update::<Vehicle>().set(changes); //~ error: the trait bound `Changes: AsChangeset` is not satisfied
}
