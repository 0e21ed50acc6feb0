use crow_tests::prelude::*;

fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let names = a.query::<Vehicle>().select(vehicles::make);
    let _ = a.query::<Vehicle>().inner_join(makes::table.on(makes::name.eq_any(names)));
}

#[cfg(refused)]
fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let names = b.query::<Vehicle>().select(vehicles::make); //~ error: lifetime may not live long enough
    let _ = a.query::<Vehicle>().inner_join(makes::table.on(makes::name.eq_any(names)));
}
