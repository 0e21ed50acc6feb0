use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(aggregate(count(vehicles::id)).filter(vehicles::id.eq_any(db.query::<ServiceRecord>().select(service_records::vehicle_id))));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let hidden = exists(secrets::table.filter(secrets::content.eq("x")));
    let _ = db.query::<Vehicle>().select(aggregate(count(vehicles::id)).filter(hidden)); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope
}
