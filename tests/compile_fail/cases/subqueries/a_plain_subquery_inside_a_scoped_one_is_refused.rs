use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let inner = db.query::<Vehicle>().select(vehicles::id);
    let middle = db.query::<ServiceRecord>().filter(service_records::vehicle_id.eq_any(inner));
    let _ = db.query::<Vehicle>().filter(vehicles::id.eq_any(middle.select(service_records::vehicle_id)));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let inner = vehicles::table.select(vehicles::id);
    let middle = db.query::<ServiceRecord>().filter(service_records::vehicle_id.eq_any(inner)); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

    let _ = db.query::<Vehicle>().filter(vehicles::id.eq_any(middle.select(service_records::vehicle_id)));
}
