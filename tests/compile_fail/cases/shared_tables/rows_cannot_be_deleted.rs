use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.delete::<Vehicle>();
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.delete::<Make>(); //~ error: `…Make` is not a tenant model
}
