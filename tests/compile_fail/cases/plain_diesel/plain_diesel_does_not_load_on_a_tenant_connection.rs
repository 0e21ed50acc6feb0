use crow_tests::prelude::*;

async fn accepted(db: &mut AdminConn) -> QueryResult<Vec<Vehicle>> {
    diesel_async::RunQueryDsl::load(vehicles::table.select(Vehicle::as_select()), db).await
}

#[cfg(refused)]
async fn refused(db: &mut TenantConn<'_>) -> QueryResult<Vec<Vehicle>> {
    diesel_async::RunQueryDsl::load(vehicles::table.select(Vehicle::as_select()), db).await //~ error: the trait bound `…TenantConn<'_>: AsyncConnectionCore` is not satisfied
}
