use crow_tests::prelude::*;

async fn accepted(pool: TenantPool, tenant: TenantId) -> Result<TenantId, Error> {
    pool.scope(tenant, async |db| Ok::<_, Error>(db.tenant())).await
}

#[cfg(refused)]
async fn refused(pool: TenantPool, tenant: TenantId) -> Result<(), Error> {
    pool.scope(tenant, async |db| Ok::<_, Error>(db)).await.map(drop) //~ error: lifetime may not live long enough
}
