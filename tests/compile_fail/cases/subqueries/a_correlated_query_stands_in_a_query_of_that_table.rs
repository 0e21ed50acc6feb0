use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let serviced = db.query::<ServiceRecord>().correlate(vehicles::table).filter(service_records::vehicle_id.eq(vehicles::id));
    let _ = db.query::<Vehicle>().filter(crow_core::exists(serviced));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let serviced = db.query::<ServiceRecord>().correlate(vehicles::table).filter(service_records::vehicle_id.eq(vehicles::id));
    let _ = db.query::<Make>().filter(crow_core::exists(serviced)); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
