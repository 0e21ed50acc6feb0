use crow_tests::prelude::*;

async fn accepted(pool: TenantPool, tenant: TenantId) -> Result<Vec<Vehicle>, Error> {
    pool.scope(tenant, async |db| db.query::<Vehicle>().load(db).await).await
}

#[cfg(refused)]
async fn refused(pool: TenantPool, tenant: TenantId) -> Result<(), Error> {
    pool.scope(tenant, async |db| Ok::<_, Error>(db.query::<Vehicle>())).await.map(drop) //~ error: lifetime may not live long enough
}
