use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().distinct_on(vehicles::make);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().distinct_on(sql::<Text>("make")); //~ error: this expression could see rows of another tenant
    //~ note: raw SQL and boxed expressions

}
