use crow_tests::prelude::*;

async fn accepted(pool: TenantPool, tenant: TenantId) -> Result<(), Error> {
    let mut kept = None;
    pool.scope(tenant, async |db| Ok::<_, Error>(kept = Some(db.tenant()))).await
}

#[cfg(refused)]
async fn refused(pool: TenantPool, tenant: TenantId) -> Result<(), Error> {
    let mut kept = None;
    pool.scope(tenant, async |db| Ok::<_, Error>(kept = Some(db))).await //~ error: lifetime may not live long enough
}
