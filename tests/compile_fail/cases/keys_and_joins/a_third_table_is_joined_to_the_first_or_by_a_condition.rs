use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db
        .query::<Make>()
        .inner_join(vehicles::table.on(vehicles::make.eq(makes::name)))
        .inner_join(service_records::table.on(service_records::vehicle_id.eq(vehicles::id)));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db
        .query::<Make>()
        .inner_join(vehicles::table.on(vehicles::make.eq(makes::name)))
        .inner_join(service_records::table); //~ error: a tenant's query cannot join this table
    //~ note: without a condition a table is joined to the one that the query began with
}
