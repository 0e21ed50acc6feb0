use crow_tests::prelude::*;

async fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) -> Result<Vec<Make>, Error> {
    a.query::<Make>().load(a).await
}

#[cfg(refused)]
async fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) -> Result<Vec<Make>, Error> {
    a.query::<Make>().load(b).await //~ error: lifetime may not live long enough
}
