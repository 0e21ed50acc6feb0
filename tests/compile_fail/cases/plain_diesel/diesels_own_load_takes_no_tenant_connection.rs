use crow_tests::prelude::*;

async fn accepted(db: &mut TenantConn<'_>) -> Result<Vec<Vehicle>, Error> {
    db.query::<Vehicle>().load(db).await
}

#[cfg(refused)]
async fn refused(db: &mut TenantConn<'_>) -> QueryResult<Vec<Vehicle>> {
    diesel::RunQueryDsl::load(vehicles::table.select(Vehicle::as_select()), db) //~ error: the trait bound `…TenantConn<'_>: LoadConnection` is not satisfied
}
