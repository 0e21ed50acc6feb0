use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().group_by(vehicles::make).select((vehicles::make, count_star()));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let hidden = secrets::table.select(secrets::content).single_value();
    let _ = db.query::<Vehicle>().group_by(hidden).select(count_star()); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
