use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().order(vehicles::year.desc());
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let content = secrets::table.select(secrets::content).single_value();
    let _ = db.query::<Vehicle>().order(content.desc()); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
