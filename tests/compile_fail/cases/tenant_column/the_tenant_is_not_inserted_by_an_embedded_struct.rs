use crow_tests::prelude::*;

#[derive(Insertable)]
#[diesel(table_name = vehicles)]
struct Inner {
    #[cfg_attr(refused, diesel(column_name = tenant_id))]
    id: Uuid,
}

#[derive(Insertable)]
#[diesel(table_name = vehicles)]
struct NewVehicle<'a> {
    make: &'a str,
    #[diesel(embed)]
    inner: Inner,
}

#[cfg(not(refused))]
fn accepted(db: &TenantConn<'_>, new: NewVehicle<'_>) {
    let _ = db.insert_into::<Vehicle>().values(new);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, new: NewVehicle<'_>) {
    let _ = db.insert_into::<Vehicle>().values(new); //~ error: `tenant_id` is never written by hand
}
