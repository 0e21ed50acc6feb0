use crow_tests::prelude::*;

async fn accepted(pool: &TenantPool, shop: Uuid) -> Result<i64, Error> {
    pool.scope(TenantId::try_from(shop)?, async |db| db.query::<Vehicle>().count(db).await).await
}

#[cfg(refused)]
async fn refused(pool: &TenantPool, shop: Uuid) -> Result<i64, Error> {
    pool.scope(shop, async |db| db.query::<Vehicle>().count(db).await).await //~ error: `…Uuid` does not open a scope
}
