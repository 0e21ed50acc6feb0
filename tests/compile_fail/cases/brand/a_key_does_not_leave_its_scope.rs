use crow_tests::prelude::*;

async fn accepted(pool: TenantPool, tenant: TenantId) -> Result<Uuid, Error> {
    pool.scope(tenant, async |db| Ok::<_, Error>(db.query::<Vehicle>().key(db).await?.into_id())).await
}

#[cfg(refused)]
async fn refused(pool: TenantPool, tenant: TenantId) -> Result<(), Error> {
    pool.scope(tenant, async |db| db.query::<Vehicle>().key(db).await).await.map(drop) //~ error: lifetime may not live long enough
}
