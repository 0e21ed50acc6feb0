use crow_tests::prelude::*;

fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let make = a.query::<Vehicle>().select(vehicles::make).single_value().assume_not_null();
    let _ = a.insert_into::<Vehicle>().values(vehicles::make.eq(make));
}

#[cfg(refused)]
fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) {
    let make = b.query::<Vehicle>().select(vehicles::make).single_value().assume_not_null(); //~ error: lifetime may not live long enough
    let _ = a.insert_into::<Vehicle>().values(vehicles::make.eq(make));
}
