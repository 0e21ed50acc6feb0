use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>, new: NewVehicle<'_>) {
    let _ = db.insert_into::<Vehicle>().values(new);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, new: NewVehicle<'_>) {
    let _ = db.insert_into::<ServiceRecord>().values(new); //~ error: these values cannot be inserted by a tenant scope
}
