use crow_tests::prelude::*;

fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let _ = a.insert_into::<Vehicle>().from_query(vehicles::make, a.query::<Vehicle>().select(vehicles::make));
}

#[cfg(refused)]
fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let _ = a.insert_into::<Vehicle>().from_query(vehicles::make, b.query::<Vehicle>().select(vehicles::make)); //~ error: lifetime may not live long enough
}
