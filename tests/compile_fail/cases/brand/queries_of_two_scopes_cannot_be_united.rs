use crow_tests::prelude::*;

fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let _ = a.query::<Vehicle>().select(vehicles::id).union(a.query::<Vehicle>().select(vehicles::id));
}

#[cfg(refused)]
fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let _ = a.query::<Vehicle>().select(vehicles::id).union(b.query::<Vehicle>().select(vehicles::id)); //~ error: lifetime may not live long enough
}
