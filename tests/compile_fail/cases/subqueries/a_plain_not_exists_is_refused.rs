use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(not(vehicles::id.eq_any(db.query::<ServiceRecord>().select(service_records::vehicle_id))));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(not(exists(service_records::table.select(service_records::id)))); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
