use crow_tests::prelude::*;

async fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) -> Result<Vec<Vehicle>, Error> {
    a.query::<Vehicle>().load(a).await
}

#[cfg(refused)]
async fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) -> Result<Vec<Vehicle>, Error> {
    a.query::<Vehicle>().load(b).await //~ error: lifetime may not live long enough
}
