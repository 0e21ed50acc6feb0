use crow_tests::prelude::*;
use diesel::dsl::array;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(array((vehicles::make, vehicles::model)));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(array(secrets::table.select(secrets::content))); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
