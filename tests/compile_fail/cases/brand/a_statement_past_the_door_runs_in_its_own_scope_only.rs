use crow_tests::prelude::*;

async fn accepted<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) -> Result<usize, Error> {
    a.rls_only(sql_query("SELECT 1")).execute(a).await
}

#[cfg(refused)]
async fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) -> Result<usize, Error> {
    a.rls_only(sql_query("SELECT 1")).execute(b).await //~ error: lifetime may not live long enough
}
