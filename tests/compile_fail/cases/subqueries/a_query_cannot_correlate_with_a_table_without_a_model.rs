use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<ServiceRecord>().correlate(vehicles::table);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().correlate(secrets::table); //~ error: `…secrets::table` is not a table that a tenant scope may read
}
