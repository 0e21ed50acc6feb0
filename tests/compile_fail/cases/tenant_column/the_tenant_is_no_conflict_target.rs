use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>, new: NewVehicle<'_>) {
    let _ = db.insert_into::<Vehicle>().values(new).on_conflict(vehicles::id);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, new: NewVehicle<'_>) {
    let _ = db.insert_into::<Vehicle>().values(new).on_conflict((vehicles::tenant_id, vehicles::id)); //~ error: `(…)` is not a list of columns of this table that a tenant scope may write
}
