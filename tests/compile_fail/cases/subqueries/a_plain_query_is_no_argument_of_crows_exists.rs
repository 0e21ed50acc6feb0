use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(crow_core::exists(db.query::<ServiceRecord>()));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(crow_core::exists(service_records::table)); //~ error: only a query of the same scope can be a subquery
}
