use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(vehicles::year.cast::<BigInt>());
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(sql::<sql_types::Integer>("1").cast::<BigInt>()); //~ error: this expression could see rows of another tenant
    //~ note: raw SQL and boxed expressions

}
