use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select((vehicles::id, (vehicles::make, vehicles::model)));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select((vehicles::id, (vehicles::make, sql::<Text>("x")))); //~ error: this expression could see rows of another tenant
    //~ note: raw SQL and boxed expressions

}
