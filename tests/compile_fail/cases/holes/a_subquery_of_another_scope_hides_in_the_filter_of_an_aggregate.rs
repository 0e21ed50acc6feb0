use crow_tests::prelude::*;

#[cfg(refused)]
fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let serviced = b.query::<ServiceRecord>().select(service_records::vehicle_id);
    let _ = a.query::<Vehicle>().select(count(vehicles::id).aggregate_filter(vehicles::id.eq_any(serviced))); //~ compiles
}
