use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().group_by(vehicles::make).having(count_star().gt(1)).select(count_star());
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let hidden = exists(secrets::table.select(secrets::id));
    let _ = db.query::<Vehicle>().group_by(vehicles::make).having(hidden).select(count_star()); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
