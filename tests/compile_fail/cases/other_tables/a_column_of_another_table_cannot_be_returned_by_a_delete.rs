use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.delete::<Vehicle>().returning(vehicles::make);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.delete::<Vehicle>().returning(secrets::content); //~ error: this cannot be selected in a tenant's statement
}
