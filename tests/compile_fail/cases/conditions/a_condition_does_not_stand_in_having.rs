use crow_core::Condition;
use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let condition: Condition<'_, '_, vehicles::table> = Condition::new(vehicles::year.gt(1));
    let _ = db.query::<Vehicle>().filter(condition).group_by(vehicles::make);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let condition: Condition<'_, '_, vehicles::table> = Condition::new(vehicles::year.gt(1));
    let _ = db.query::<Vehicle>().group_by(vehicles::make).having(condition); //~ error: the trait bound
}
