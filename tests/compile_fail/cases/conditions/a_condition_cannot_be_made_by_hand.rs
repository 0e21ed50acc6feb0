use crow_core::Condition;
use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let condition = Condition::new(vehicles::make.eq("x"));
    let _ = db.query::<Vehicle>().filter(condition);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, sql: crow_core::__derive::Fragment<'static>) {
    let condition: Condition<'_, '_, vehicles::table> = Condition { sql }; //~ error: cannot construct `Condition<
    let _ = db.query::<Vehicle>().filter(condition);
}
