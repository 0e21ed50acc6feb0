use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let ids = db.query::<ServiceRecord>().select(service_records::vehicle_id);
    let _ = db.query::<Vehicle>().filter(vehicles::id.eq_any(ids));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let ids = service_records::table.select(service_records::vehicle_id).union(secrets::table.select(secrets::id));
    let _ = db.query::<Vehicle>().filter(vehicles::id.eq_any(ids)); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
