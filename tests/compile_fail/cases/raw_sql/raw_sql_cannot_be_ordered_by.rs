use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().order(vehicles::make.desc());
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().order(sql::<Text>("(SELECT content FROM secrets)").desc()); //~ error: this expression could see rows of another tenant
    //~ note: raw SQL and boxed expressions

}
