use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(vehicles::year.gt(2000).and(vehicles::make.eq("x").or(vehicles::model.eq("y"))));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let hidden = exists(secrets::table.filter(secrets::content.eq("x")));
    let _ = db.query::<Vehicle>().filter(vehicles::year.gt(2000).and(vehicles::make.eq("x").or(hidden))); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
