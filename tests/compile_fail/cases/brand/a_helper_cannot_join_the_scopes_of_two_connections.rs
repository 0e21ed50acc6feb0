use crow_tests::prelude::*;

async fn run<'t>(from: &TenantConn<'t>, on: &TenantConn<'t>) -> Result<i64, Error> {
    from.query::<Vehicle>().count(on).await
}

async fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) -> Result<i64, Error> {
    run(a, a).await
}

#[cfg(refused)]
async fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) -> Result<i64, Error> {
    run(a, b).await //~ error: lifetime may not live long enough
}
