use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select((vehicles::id, vehicles::make.nullable()));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let content = secrets::table.select(secrets::content).single_value();
    let _ = db.query::<Vehicle>().select((vehicles::id, content)); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
