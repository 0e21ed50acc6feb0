use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<ServiceRecord>().correlate(vehicles::table).filter(service_records::vehicle_id.eq(vehicles::id));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<ServiceRecord>().filter(service_records::vehicle_id.eq(vehicles::id)); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
