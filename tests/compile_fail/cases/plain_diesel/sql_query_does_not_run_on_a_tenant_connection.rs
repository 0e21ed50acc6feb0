use crow_tests::prelude::*;
use diesel_async::RunQueryDsl;

async fn accepted(db: &TenantConn<'_>) -> Result<usize, Error> {
    db.rls_only(sql_query("REFRESH MATERIALIZED VIEW sales")).execute(db).await
}

#[cfg(refused)]
async fn refused(db: &mut TenantConn<'_>) -> QueryResult<usize> {
    sql_query("REFRESH MATERIALIZED VIEW sales").execute(db).await //~ error: the trait bound `…TenantConn<'_>: DerefMut` is not satisfied
}
