use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>, vehicle: Vehicle) {
    let _ = db.update::<Vehicle>().find(vehicle.id).set(vehicles::make.eq(vehicle.make));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, vehicle: Vehicle) {
    let _ = db.update::<Vehicle>().find(vehicle.id).set(vehicle); //~ error: the trait bound `…Vehicle: AsChangeset` is not satisfied
}
