use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.update::<Vehicle>().set(vehicles::year.eq(2000)).returning(vehicles::make);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.update::<Vehicle>().set(vehicles::year.eq(2000)).returning(secrets::content); //~ error: this cannot be selected in a tenant's statement
}
