use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(vehicles::make.eq("x"));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(vehicles::make.eq(sql("'x') OR ('' = ''"))); //~ error: this expression could see rows of another tenant
    //~ note: raw SQL and boxed expressions

}
