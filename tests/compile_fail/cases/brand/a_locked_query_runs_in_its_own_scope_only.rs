use crow_tests::prelude::*;

async fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) -> Result<Vec<Vehicle>, Error> {
    a.query::<Vehicle>().for_update().load(a).await
}

#[cfg(refused)]
async fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) -> Result<Vec<Vehicle>, Error> {
    a.query::<Vehicle>().for_update().load(b).await //~ error: lifetime may not live long enough
}
