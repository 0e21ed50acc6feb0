use crow_core::Condition;
use crow_tests::prelude::*;

fn of_the_serviced<'t>(db: &TenantConn<'t>) -> Condition<'t, 't, vehicles::table> {
    let serviced = db.query::<ServiceRecord>().select(service_records::vehicle_id);
    Condition::new(vehicles::id.eq_any(serviced))
}

fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let _ = a.query::<Vehicle>().filter(of_the_serviced(a));
}

#[cfg(refused)]
fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let condition = of_the_serviced(b); //~ error: lifetime may not live long enough
    let _ = a.query::<Vehicle>().filter(condition);
}
