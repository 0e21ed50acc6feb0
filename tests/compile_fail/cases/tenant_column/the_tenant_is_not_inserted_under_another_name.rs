use crow_tests::prelude::*;

#[derive(Insertable)]
#[diesel(table_name = vehicles)]
struct NewVehicle<'a> {
    #[cfg_attr(refused, diesel(column_name = tenant_id))]
    id: Uuid,
    make: &'a str,
}

#[cfg(not(refused))]
fn accepted(db: &TenantConn<'_>, new: &NewVehicle<'_>) {
    let _ = db.insert_into::<Vehicle>().values(new);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, new: &NewVehicle<'_>) {
    let _ = db.insert_into::<Vehicle>().values(new); //~ error: `tenant_id` is never written by hand
}
