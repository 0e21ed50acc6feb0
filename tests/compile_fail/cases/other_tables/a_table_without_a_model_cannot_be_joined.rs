use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().inner_join(makes::table.on(makes::name.eq(vehicles::make)));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().inner_join(secrets::table.on(secrets::vehicle_id.eq(vehicles::id))); //~ error: a tenant's query cannot join this table
}
