use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>, civic: &Vehicle) {
    let _ = db.delete::<Vehicle>().find(civic.id);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, civic: &Vehicle) {
    let _ = db.delete::<Vehicle>().find(civic); //~ error: the trait bound `…Vehicle: Expression` is not satisfied
}
