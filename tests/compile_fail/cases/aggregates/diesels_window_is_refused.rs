use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(window(count(vehicles::id)).partition_by(vehicles::make));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(count(vehicles::id).partition_by(vehicles::make)); //~ error: this expression could see rows of another tenant
    //~ note: parts of diesel's aggregates and windows cannot be checked
}
