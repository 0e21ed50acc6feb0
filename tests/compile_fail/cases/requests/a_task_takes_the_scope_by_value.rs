use crow_core::TenantScope;
use crow_tests::prelude::*;
use tokio::task::JoinHandle;

async fn count(shop: TenantScope) -> Result<i64, Error> {
    shop.run(async |db| db.query::<Vehicle>().count(db).await).await
}

fn accepted(shop: &TenantScope) -> JoinHandle<Result<i64, Error>> {
    tokio::spawn(count(shop.clone()))
}

#[cfg(refused)]
fn refused(shop: &TenantScope) -> JoinHandle<Result<i64, Error>> {
    tokio::spawn(async { count(shop.clone()).await }) //~ error: borrowed data escapes outside of function
}
