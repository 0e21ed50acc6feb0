use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let newest = db.query::<Vehicle>().select(vehicles::year);
    let _ = db.query::<Vehicle>().filter(vehicles::year.eq_any(newest));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let newest = vehicles::table.select(max(vehicles::year)).single_value();
    let _ = db.query::<Vehicle>().filter(vehicles::year.nullable().eq(newest)); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
