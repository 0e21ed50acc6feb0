use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.update::<Vehicle>();
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.update::<Make>(); //~ error: `…Make` is not a tenant model
}
