use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(aggregate(count(vehicles::id)).distinct());
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(count(vehicles::id).aggregate_distinct()); //~ error: this expression could see rows of another tenant
    //~ note: parts of diesel's aggregates and windows cannot be checked
}
