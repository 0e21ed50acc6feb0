use crow_tests::prelude::*;

fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let ids = a.query::<Vehicle>().select(vehicles::id).union(a.query::<ServiceRecord>().select(service_records::vehicle_id));
    let _ = a.query::<Vehicle>().filter(vehicles::id.eq_any(ids));
}

#[cfg(refused)]
fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let ids = b.query::<Vehicle>().select(vehicles::id).union(b.query::<ServiceRecord>().select(service_records::vehicle_id)); //~ error: lifetime may not live long enough
    let _ = a.query::<Vehicle>().filter(vehicles::id.eq_any(ids));
}
