use crow_core::{ClaimedTenant, VerifiedTenant};
use crow_tests::prelude::*;

async fn accepted(pool: &TenantPool, shop: VerifiedTenant) -> Result<i64, Error> {
    pool.scope(shop, async |db| db.query::<Vehicle>().count(db).await).await
}

#[cfg(refused)]
async fn refused(pool: &TenantPool, shop: ClaimedTenant) -> Result<i64, Error> {
    pool.scope(shop, async |db| db.query::<Vehicle>().count(db).await).await //~ error: `ClaimedTenant` does not open a scope
    //~ note: a `ClaimedTenant` is what somebody said: `claim.verify(&principal, &membership)` makes it a `VerifiedTenant`…
}
