use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(vehicles::id.ne_all(db.query::<ServiceRecord>().select(service_records::vehicle_id)));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(vehicles::id.ne_all(service_records::table.select(service_records::vehicle_id))); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
