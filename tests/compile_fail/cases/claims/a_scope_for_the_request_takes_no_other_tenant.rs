use crow_core::TenantScope;
use crow_tests::prelude::*;

async fn accepted(shop: &TenantScope) -> Result<i64, Error> {
    shop.run(async |db| db.query::<Vehicle>().count(db).await).await
}

#[cfg(refused)]
async fn refused(shop: &TenantScope, other: TenantId) -> Result<i64, Error> {
    shop.run(other, async |db| db.query::<Vehicle>().count(db).await).await //~ error: the trait bound `for<'r, 't> crow_core::TenantId: AsyncFnOnce(&'r mut TenantConn<'t>)` is not satisfied
}
