use crow_tests::prelude::*;
use diesel_async::SimpleAsyncConnection;

async fn accepted(db: &mut AdminConn) -> QueryResult<()> {
    db.batch_execute("SELECT 1; SELECT 2").await
}

#[cfg(refused)]
async fn refused(db: &mut TenantConn<'_>) -> QueryResult<()> {
    db.batch_execute("SELECT 1; SELECT 2").await //~ error: the method `batch_execute` exists for mutable reference `…TenantConn<…`, but its trait bounds were not satisfied
}
