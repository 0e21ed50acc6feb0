use crow_tests::prelude::*;

async fn accepted<'a, 'b>(a: &mut TenantConn<'a>, b: &TenantConn<'b>) -> Result<i64, Error> {
    let query = a.query::<Vehicle>();
    a.transaction(async |tx| query.count(tx).await).await
}

#[cfg(refused)]
async fn refused<'a, 'b>(a: &mut TenantConn<'a>, b: &TenantConn<'b>) -> Result<i64, Error> {
    let query = b.query::<Vehicle>();
    a.transaction(async |tx| query.count(tx).await).await //~ error: lifetime may not live long enough
}
