use crow_tests::prelude::*;
use diesel_async::RunQueryDsl;

async fn accepted(db: &mut AdminConn) -> QueryResult<usize> {
    diesel::delete(vehicles::table).execute(db).await
}

#[cfg(refused)]
async fn refused(db: &mut TenantConn<'_>) -> QueryResult<usize> {
    diesel::delete(vehicles::table).execute(db).await //~ error: the trait bound `…TenantConn<'_>: DerefMut` is not satisfied
}
