use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.insert_into::<Vehicle>().values(vehicles::make.eq("Honda"));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let content = secrets::table.select(secrets::content).single_value().assume_not_null();
    let _ = db.insert_into::<Vehicle>().values(vehicles::make.eq(content)); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
