use crow_tests::prelude::*;

fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let _ = vec![a.query::<Vehicle>(), a.query::<Vehicle>()];
}

#[cfg(refused)]
fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let _ = vec![a.query::<Vehicle>(), b.query::<Vehicle>()]; //~ error: lifetime may not live long enough
}
