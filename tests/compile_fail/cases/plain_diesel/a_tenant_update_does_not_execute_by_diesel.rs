use crow_tests::prelude::*;

async fn accepted(db: &TenantConn<'_>) -> Result<usize, Error> {
    db.update::<Vehicle>().set(vehicles::year.eq(2000)).execute(db).await
}

#[cfg(refused)]
async fn refused(db: &TenantConn<'_>, admin: &mut AdminConn) -> QueryResult<usize> {
    diesel_async::RunQueryDsl::execute(db.update::<Vehicle>().set(vehicles::year.eq(2000)), admin).await //~ error: the trait bound `Write<…: ExecuteDsl<
}
