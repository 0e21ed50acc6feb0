use crow_tests::prelude::*;

async fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) -> Result<usize, Error> {
    a.update::<Vehicle>().set(vehicles::year.eq(2000)).execute(a).await
}

#[cfg(refused)]
async fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) -> Result<usize, Error> {
    a.update::<Vehicle>().set(vehicles::year.eq(2000)).execute(b).await //~ error: lifetime may not live long enough
}
