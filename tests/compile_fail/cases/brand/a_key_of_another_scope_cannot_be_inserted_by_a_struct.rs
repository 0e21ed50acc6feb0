use crow_core::Key;
use crow_tests::prelude::*;

#[derive(Insertable)]
#[diesel(table_name = service_records)]
struct New<'t> {
    vehicle_id: Key<'t, Vehicle>,
}

fn accepted<'a, 'b>(a: &TenantConn<'a>, new: New<'a>, _: New<'b>) {
    let _ = a.insert_into::<ServiceRecord>().values(new);
}

#[cfg(refused)]
fn refused<'a, 'b>(a: &TenantConn<'a>, _: New<'a>, new: New<'b>) {
    let _ = a.insert_into::<ServiceRecord>().values(new); //~ error: lifetime may not live long enough
}
