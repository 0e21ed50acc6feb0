use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(aggregate(count(vehicles::id)).filter(vehicles::make.eq("Honda")));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let hidden = sql::<Bool>("EXISTS (SELECT FROM secrets)");
    let _ = db.query::<Vehicle>().select(aggregate(count(vehicles::id)).filter(hidden)); //~ error: this expression could see rows of another tenant
    //~ note: raw SQL and boxed expressions
}
