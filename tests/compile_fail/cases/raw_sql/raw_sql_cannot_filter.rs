use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(true.into_sql::<Bool>());
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(sql::<Bool>("true) OR (true")); //~ error: this expression could see rows of another tenant
    //~ note: raw SQL and boxed expressions

}
