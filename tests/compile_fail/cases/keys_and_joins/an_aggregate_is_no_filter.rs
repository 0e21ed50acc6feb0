use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(vehicles::year.gt(1));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(count(vehicles::id).gt(1)); //~ error: this condition cannot be used in a tenant's statement
}
