use crow_tests::prelude::*;

async fn accepted(db: &TenantConn<'_>) -> Result<Vec<Vehicle>, Error> {
    db.query::<Vehicle>().load(db).await
}

#[cfg(refused)]
async fn refused(db: &TenantConn<'_>, admin: &mut AdminConn) -> QueryResult<Vec<Vehicle>> {
    diesel_async::RunQueryDsl::load(db.query::<Vehicle>(), admin).await //~ error: the trait bound `TenantQuery<…: LoadQuery<
}
