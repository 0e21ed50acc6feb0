use crow_core::Condition;
use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let condition = Condition::new(vehicles::make.eq("x"));
    let _ = db.query::<Vehicle>().filter(condition);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let condition = Condition::new(vehicles::id.eq_any(secrets::table.select(secrets::id))); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

    let _ = db.query::<Vehicle>().filter(condition);
}
