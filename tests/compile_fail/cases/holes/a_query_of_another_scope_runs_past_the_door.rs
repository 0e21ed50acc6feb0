use crow_tests::prelude::*;

#[cfg(refused)]
async fn refused<'a, 'b>(a: &TenantConn<'a>, b: &TenantConn<'b>) -> Result<usize, Error> {
    b.rls_only(a.query::<Vehicle>()).execute(b).await //~ compiles
}
