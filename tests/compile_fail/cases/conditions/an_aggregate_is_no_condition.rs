use crow_core::Condition;
use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let condition = Condition::new(vehicles::year.gt(1));
    let _ = db.query::<Vehicle>().filter(condition);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let condition = Condition::new(diesel::dsl::count_star().gt(1)); //~ error: this condition cannot be used in a tenant's statement
    let _ = db.query::<Vehicle>().filter(condition);
}
