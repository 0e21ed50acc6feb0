use crow_tests::prelude::*;

async fn accepted(pool: TenantPool, one: TenantId, two: TenantId) -> Result<(), Error> {
    pool.scope(one, async |a| pool.scope(two, async |b| Ok::<_, Error>(drop((&a, b)))).await).await
}

#[cfg(refused)]
async fn refused(pool: TenantPool, one: TenantId, two: TenantId) -> Result<(), Error> {
    pool.scope(one, async |a| pool.scope(two, async |b| Ok::<_, Error>(std::mem::swap(a, b))).await).await //~ error: lifetime may not live long enough
}
