use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let ids = db.query::<ServiceRecord>().select((service_records::vehicle_id, service_records::work));
    let _ = db.insert_into::<Vehicle>().from_query((vehicles::id, vehicles::make), ids);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let ids = db.query::<ServiceRecord>().select((service_records::vehicle_id, service_records::work));
    let _ = db.insert_into::<Vehicle>().from_query((vehicles::tenant_id, vehicles::make), ids); //~ error: `(…)` is not a list of columns of this table that a tenant scope may write
}
