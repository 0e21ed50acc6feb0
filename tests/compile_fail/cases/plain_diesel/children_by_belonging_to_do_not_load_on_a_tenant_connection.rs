use crow_tests::prelude::*;

async fn accepted(db: &mut AdminConn, vehicle: &Vehicle) -> QueryResult<Vec<ServiceRecord>> {
    diesel_async::RunQueryDsl::load(ServiceRecord::belonging_to(vehicle).select(ServiceRecord::as_select()), db).await
}

#[cfg(refused)]
async fn refused(db: &mut TenantConn<'_>, vehicle: &Vehicle) -> QueryResult<Vec<ServiceRecord>> {
    diesel_async::RunQueryDsl::load(ServiceRecord::belonging_to(vehicle).select(ServiceRecord::as_select()), db).await //~ error: the trait bound `…TenantConn<'_>: AsyncConnectionCore` is not satisfied
}
