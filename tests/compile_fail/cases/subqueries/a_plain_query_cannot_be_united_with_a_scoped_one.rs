use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(vehicles::id).union(db.query::<ServiceRecord>().select(service_records::vehicle_id));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(vehicles::id).union(service_records::table.select(service_records::vehicle_id)); //~ error: the trait bound `Combined<…: From<SelectStatement<
}
