use crow_core::Key;
use crow_tests::prelude::*;

#[derive(AsChangeset, TenantChangeset)]
#[diesel(table_name = service_records)]
struct Changes<'t> {
    vehicle_id: Key<'t, Vehicle>,
}

fn accepted<'a, 'b>(a: &TenantConn<'a>, changes: Changes<'a>, _: Changes<'b>) {
    let _ = a.update::<ServiceRecord>().set(changes);
}

#[cfg(refused)]
fn refused<'a, 'b>(a: &TenantConn<'a>, _: Changes<'a>, changes: Changes<'b>) {
    let _ = a.update::<ServiceRecord>().set(changes); //~ error: lifetime may not live long enough
}
