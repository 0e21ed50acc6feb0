use crow_tests::prelude::*;

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let hidden = exists(secrets::table.filter(secrets::content.eq("x")));
    let _ = db.query::<Vehicle>().select(count(vehicles::id).aggregate_filter(hidden)); //~ compiles
}
