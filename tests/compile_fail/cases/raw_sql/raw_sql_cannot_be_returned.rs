use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.delete::<Vehicle>().returning(vehicles::make);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.delete::<Vehicle>().returning(sql::<Text>("(SELECT content FROM secrets)")); //~ error: this expression could see rows of another tenant
    //~ note: raw SQL and boxed expressions

}
