use crow_tests::prelude::*;

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let hidden = secrets::table.select(secrets::content).single_value();
    let _ = db.query::<Vehicle>().select(count(vehicles::id).over().window_order(hidden)); //~ compiles
}
