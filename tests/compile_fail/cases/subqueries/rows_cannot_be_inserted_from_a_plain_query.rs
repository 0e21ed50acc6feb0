use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let makes = db.query::<Make>().select(makes::name);
    let _ = db.insert_into::<Vehicle>().from_query(vehicles::make, makes);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let makes = makes::table.select(makes::name);
    let _ = db.insert_into::<Vehicle>().from_query(vehicles::make, makes); //~ error: the trait bound `Combined<…: From<SelectStatement<
}
