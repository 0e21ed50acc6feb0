use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().group_by(vehicles::make);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().group_by(sql::<Text>("make")); //~ error: this expression could see rows of another tenant
    //~ note: raw SQL and boxed expressions

}
