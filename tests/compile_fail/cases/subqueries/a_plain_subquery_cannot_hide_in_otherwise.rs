use crow_tests::prelude::*;
use diesel::dsl::case_when;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(case_when(vehicles::year.gt(2000), vehicles::make.nullable()).otherwise(vehicles::model.nullable()));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let hidden = secrets::table.select(secrets::content).single_value();
    let _ = db.query::<Vehicle>().select(case_when(vehicles::year.gt(2000), vehicles::make.nullable()).otherwise(hidden)); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
