use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().group_by(vehicles::make).having(aggregate(count(vehicles::id)).filter(vehicles::year.gt(1)).gt(1)).select(vehicles::make);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let hidden = exists(secrets::table.filter(secrets::content.eq("x")));
    let _ = db.query::<Vehicle>().group_by(vehicles::make).having(count(vehicles::id).aggregate_filter(hidden).gt(1)); //~ error: this expression could see rows of another tenant
    //~ note: parts of diesel's aggregates and windows cannot be checked
}
