use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.insert_into::<Vehicle>();
    let _ = db.query::<Make>();
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.insert_into::<Make>(); //~ error: `…Make` is not a tenant model
}
