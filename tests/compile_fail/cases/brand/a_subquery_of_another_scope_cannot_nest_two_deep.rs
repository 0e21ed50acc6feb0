use crow_tests::prelude::*;

fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let inner = a.query::<Vehicle>().select(vehicles::id);
    let middle = a.query::<ServiceRecord>().filter(service_records::vehicle_id.eq_any(inner)).select(service_records::vehicle_id);
    let _ = a.query::<Vehicle>().filter(vehicles::id.eq_any(middle));
}

#[cfg(refused)]
fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let inner = a.query::<Vehicle>().select(vehicles::id); //~ error: lifetime may not live long enough
    let middle = b.query::<ServiceRecord>().filter(service_records::vehicle_id.eq_any(inner)).select(service_records::vehicle_id);
    let _ = a.query::<Vehicle>().filter(vehicles::id.eq_any(middle));
}
