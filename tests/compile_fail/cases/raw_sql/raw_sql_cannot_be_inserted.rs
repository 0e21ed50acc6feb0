use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.insert_into::<Vehicle>().values(vehicles::make.eq("x"));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.insert_into::<Vehicle>().values(vehicles::make.eq(sql::<Text>("(SELECT content FROM secrets)"))); //~ error: this expression could see rows of another tenant
    //~ note: raw SQL and boxed expressions

}
