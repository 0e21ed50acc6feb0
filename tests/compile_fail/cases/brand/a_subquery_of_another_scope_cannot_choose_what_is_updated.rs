use crow_tests::prelude::*;

fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let serviced = a.query::<ServiceRecord>().select(service_records::vehicle_id);
    let _ = a.update::<Vehicle>().filter(vehicles::id.eq_any(serviced)).set(vehicles::year.eq(2000));
}

#[cfg(refused)]
fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let serviced = b.query::<ServiceRecord>().select(service_records::vehicle_id); //~ error: lifetime may not live long enough
    let _ = a.update::<Vehicle>().filter(vehicles::id.eq_any(serviced)).set(vehicles::year.eq(2000));
}
