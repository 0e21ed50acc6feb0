use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<ServiceRecord>().inner_join(vehicles::table).inner_join(makes::table.on(makes::name.eq(vehicles::make)));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let both = vehicles::table.inner_join(makes::table.on(makes::name.eq(vehicles::make)));
    let _ = db.query::<ServiceRecord>().inner_join(both); //~ error: a tenant's query cannot join this table
}
