use crow_tests::prelude::*;

fn accepted<'a, 'b>(a: &mut TenantConn<'a>, b: &mut TenantConn<'a>) {
    std::mem::swap(a, b);
}

#[cfg(refused)]
fn refused<'a, 'b>(a: &mut TenantConn<'a>, b: &mut TenantConn<'b>) {
    std::mem::swap(a, b); //~ error: lifetime may not live long enough
}
