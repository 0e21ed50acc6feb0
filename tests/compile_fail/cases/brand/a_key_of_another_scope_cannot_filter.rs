use crow_core::Key;
use crow_tests::prelude::*;

fn accepted<'a, 'b>(a: &TenantConn<'a>, key: Key<'a, Vehicle>, _: Key<'b, Vehicle>) {
    let _ = a.query::<ServiceRecord>().filter(service_records::vehicle_id.eq(key));
}

#[cfg(refused)]
fn refused<'a, 'b>(a: &TenantConn<'a>, _: Key<'a, Vehicle>, key: Key<'b, Vehicle>) {
    let _ = a.query::<ServiceRecord>().filter(service_records::vehicle_id.eq(key)); //~ error: lifetime may not live long enough
}
