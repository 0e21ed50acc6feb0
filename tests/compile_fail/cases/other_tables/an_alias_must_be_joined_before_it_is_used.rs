use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let others = diesel::alias!(vehicles as others);
    let on = others.field(vehicles::make).eq(vehicles::make);
    let _ = db.query::<Vehicle>().inner_join(others.on(on)).filter(others.field(vehicles::year).gt(2000));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let others = diesel::alias!(vehicles as others);
    let _ = db.query::<Vehicle>().filter(others.field(vehicles::year).gt(2000)); //~ error: this expression could see rows of another tenant
    //~ note: a column must belong to a table of this statement

}
