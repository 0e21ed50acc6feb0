use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<ServiceRecord>().inner_join(vehicles::table);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<ServiceRecord>().inner_join(vehicles::table.filter(vehicles::year.gt(2000))); //~ error: a tenant's query cannot join this table
}
