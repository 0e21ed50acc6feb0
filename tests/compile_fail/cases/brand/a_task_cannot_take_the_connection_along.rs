use crow_tests::prelude::*;

async fn accepted(pool: TenantPool, tenant: TenantId) {
    tokio::spawn(async move { pool.scope(tenant, async |db| db.query::<Vehicle>().count(db).await).await });
}

#[cfg(refused)]
async fn refused(pool: TenantPool, tenant: TenantId) -> Result<(), Error> {
    pool.scope(tenant, async |db| {
        tokio::spawn(async move { db.query::<Vehicle>().count(db).await }); //~ error: borrowed data escapes outside of closure
        Ok::<_, Error>(())
    })
    .await
}
