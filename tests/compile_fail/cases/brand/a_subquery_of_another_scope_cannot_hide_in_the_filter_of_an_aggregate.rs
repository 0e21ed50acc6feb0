use crow_tests::prelude::*;

fn accepted<'a>(a: &TenantConn<'a>) {
    let serviced = a.query::<ServiceRecord>().select(service_records::vehicle_id);
    let _ = a.query::<Vehicle>().select(aggregate(count(vehicles::id)).filter(vehicles::id.eq_any(serviced)));
}

#[cfg(refused)]
fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let serviced = b.query::<ServiceRecord>().select(service_records::vehicle_id); //~ error: lifetime may not live long enough
    let _ = a.query::<Vehicle>().select(aggregate(count(vehicles::id)).filter(vehicles::id.eq_any(serviced)));
}
