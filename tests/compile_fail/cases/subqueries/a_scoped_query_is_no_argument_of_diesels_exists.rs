use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(crow_core::exists(db.query::<ServiceRecord>()));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(diesel::dsl::exists(db.query::<ServiceRecord>())); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
