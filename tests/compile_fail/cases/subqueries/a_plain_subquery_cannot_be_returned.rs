use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.delete::<Vehicle>().returning(vehicles::make.nullable());
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.delete::<Vehicle>().returning(secrets::table.select(secrets::content).single_value()); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
