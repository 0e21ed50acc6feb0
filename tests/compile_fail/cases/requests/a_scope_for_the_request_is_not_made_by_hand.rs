use crow_core::{TenantPool, TenantScope, VerifiedTenant};
use crow_tests::prelude::*;

async fn accepted(pool: &TenantPool, shop: VerifiedTenant) -> Result<i64, Error> {
    pool.scope(shop, async |db| db.query::<Vehicle>().count(db).await).await
}

#[cfg(refused)]
fn refused(pool: TenantPool, shop: VerifiedTenant) -> TenantScope {
    TenantScope { pool, tenant: shop } //~ error: fields `pool` and `tenant` of struct `TenantScope` are private
}
