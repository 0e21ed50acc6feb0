use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>, changes: VehicleChanges) {
    let _ = db.update::<Vehicle>().set(changes);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, changes: VehicleChanges) {
    let _ = db.update::<Vehicle>().set((changes, vehicles::make.eq("Honda"))); //~ error: `(…)` cannot be set by a tenant scope
    //~ note: a struct stands alone

}
