use crow_tests::prelude::*;

fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let exists = crow_core::exists(a.query::<ServiceRecord>());
    let _ = a.query::<Vehicle>().group_by(vehicles::make).having(exists);
}

#[cfg(refused)]
fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let exists = crow_core::exists(b.query::<ServiceRecord>()); //~ error: lifetime may not live long enough
    let _ = a.query::<Vehicle>().group_by(vehicles::make).having(exists);
}
