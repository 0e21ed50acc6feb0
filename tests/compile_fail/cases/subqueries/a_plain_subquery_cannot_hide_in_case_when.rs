use crow_tests::prelude::*;
use diesel::dsl::case_when;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(case_when(vehicles::year.gt(2000), vehicles::make).otherwise(vehicles::model));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let hidden = exists(secrets::table.filter(secrets::content.eq("x")));
    let _ = db.query::<Vehicle>().select(case_when(hidden, vehicles::make).otherwise(vehicles::model)); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
