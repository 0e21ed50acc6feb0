use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let shown = db.query::<Make>().select(makes::country).single_value();
    let _ = db.query::<Vehicle>().select(window(count(vehicles::id)).order(shown));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let hidden = secrets::table.select(secrets::content).single_value();
    let _ = db.query::<Vehicle>().select(window(count(vehicles::id)).order(hidden)); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope
}
