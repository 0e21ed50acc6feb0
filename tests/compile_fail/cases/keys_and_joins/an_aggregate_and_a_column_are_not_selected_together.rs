use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select((count_star(), max(vehicles::year)));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select((count_star(), vehicles::year)); //~ error: this cannot be selected in a tenant's statement
}
