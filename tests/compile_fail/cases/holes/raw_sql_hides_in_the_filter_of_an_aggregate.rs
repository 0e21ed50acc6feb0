use crow_tests::prelude::*;

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let hidden = sql::<Bool>("EXISTS (SELECT FROM secrets)");
    let _ = db.query::<Vehicle>().select(count(vehicles::id).aggregate_filter(hidden)); //~ compiles
}
