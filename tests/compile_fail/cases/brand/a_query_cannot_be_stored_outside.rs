use crow_tests::prelude::*;

async fn accepted(pool: TenantPool, tenant: TenantId) -> Result<(), Error> {
    let mut kept = Vec::new();
    pool.scope(tenant, async |db| Ok::<_, Error>(kept.push(db.query::<Vehicle>().count(db).await?))).await
}

#[cfg(refused)]
async fn refused(pool: TenantPool, tenant: TenantId) -> Result<(), Error> {
    let mut kept = Vec::new();
    pool.scope(tenant, async |db| Ok::<_, Error>(kept.push(db.query::<Vehicle>()))).await //~ error: lifetime may not live long enough
}
