use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>, new: NewVehicle<'_>) {
    let _ = db.insert_into::<Vehicle>().values(new).on_conflict(vehicles::id).filter_target(vehicles::year.gt(2000));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, new: NewVehicle<'_>) {
    let _ = db.insert_into::<Vehicle>().values(new).on_conflict(vehicles::id).filter_target(sql::<Bool>("true")); //~ error: this expression could see rows of another tenant
    //~ note: raw SQL and boxed expressions

}
