use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().inner_join(service_records::table).select(service_records::cents);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(service_records::cents); //~ error: this cannot be selected in a tenant's statement
}
