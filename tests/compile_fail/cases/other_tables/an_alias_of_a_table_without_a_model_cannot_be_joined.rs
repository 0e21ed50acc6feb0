use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let others = diesel::alias!(makes as others);
    let on = others.field(makes::name).eq(vehicles::make);
    let _ = db.query::<Vehicle>().inner_join(others.on(on));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let others = diesel::alias!(secrets as others);
    let on = others.field(secrets::content).eq(vehicles::make);
    let _ = db.query::<Vehicle>().inner_join(others.on(on)); //~ error: a tenant's query cannot join this table
}
