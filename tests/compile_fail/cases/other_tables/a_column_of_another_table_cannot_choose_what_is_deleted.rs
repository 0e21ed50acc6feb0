use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.delete::<Vehicle>().filter(vehicles::make.eq(vehicles::model));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.delete::<Vehicle>().filter(vehicles::make.eq(secrets::content)); //~ error: this expression could see rows of another tenant
    //~ note: a column must belong to a table of this statement

}
