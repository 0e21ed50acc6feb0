use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().inner_join(makes::table.on(makes::name.eq(vehicles::make)));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().inner_join(makes::table.on(sql::<Bool>("true) OR (true"))); //~ error: this expression could see rows of another tenant
    //~ note: raw SQL and boxed expressions

}
