use crow_tests::prelude::*;
use crow_core::excluded;

fn accepted(db: &TenantConn<'_>, new: NewVehicle<'_>) {
    let _ = db.insert_into::<Vehicle>().values(new).on_conflict(vehicles::id).do_update().set(vehicles::make.eq(excluded(vehicles::make)));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, new: NewVehicle<'_>) {
    let _ = db.insert_into::<Vehicle>().values(new).on_conflict(vehicles::id).do_update().set(vehicles::tenant_id.eq(excluded(vehicles::tenant_id))); //~ error: `tenant_id` is never written by hand
}
