use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>, changes: VehicleChanges) {
    let _ = db.update::<Vehicle>().set(changes);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, changes: VehicleChanges) {
    let _ = db.update::<ServiceRecord>().set(changes); //~ error: type mismatch resolving `<VehicleChanges… as AsChangeset>::Target == table`
}
