use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(aggregate(count(vehicles::id)).filter(vehicles::year.gt(2000)));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(count(vehicles::id).aggregate_filter(vehicles::year.gt(2000))); //~ error: this expression could see rows of another tenant
    //~ note: parts of diesel's aggregates and windows cannot be checked
}
