use crow_core::Condition;
use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let condition: Condition<'_, '_, vehicles::table> = Condition::new(vehicles::make.eq("x"));
    let _ = db.query::<Vehicle>().filter(condition);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let condition: Condition<'_, '_, vehicles::table> = Condition::new(vehicles::make.eq("x"));
    let _ = db.query::<ServiceRecord>().filter(condition); //~ error: this expression could see rows of another tenant
}
