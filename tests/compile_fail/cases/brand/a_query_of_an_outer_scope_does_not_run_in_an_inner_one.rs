use crow_tests::prelude::*;

async fn accepted(pool: TenantPool, one: TenantId, two: TenantId) -> Result<i64, Error> {
    pool.scope(one, async |a| {
        let pool = pool.clone();
        let query = a.query::<Vehicle>();
        pool.scope(two, async |b| b.query::<Vehicle>().count(b).await).await?;
        query.count(a).await
    })
    .await
}

#[cfg(refused)]
async fn refused(pool: TenantPool, one: TenantId, two: TenantId) -> Result<i64, Error> {
    pool.scope(one, async |a| {
        let pool = pool.clone();
        let query = a.query::<Vehicle>();
        pool.scope(two, async |b| query.count(b).await).await //~ error: lifetime may not live long enough
    })
    .await
}
