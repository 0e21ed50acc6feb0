use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().inner_join(service_records::table).select(aggregate(count(vehicles::id)).filter(service_records::cents.gt(1)));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(aggregate(count(vehicles::id)).filter(service_records::cents.gt(1))); //~ error: this expression could see rows of another tenant
    //~ note: a column must belong to a table of this statement
}
