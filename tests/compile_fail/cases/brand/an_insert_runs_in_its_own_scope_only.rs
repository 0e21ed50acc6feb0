use crow_tests::prelude::*;

async fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) -> Result<usize, Error> {
    a.insert_into::<Vehicle>().values(vehicles::make.eq("Honda")).execute(a).await
}

#[cfg(refused)]
async fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) -> Result<usize, Error> {
    a.insert_into::<Vehicle>().values(vehicles::make.eq("Honda")).execute(b).await //~ error: lifetime may not live long enough
}
