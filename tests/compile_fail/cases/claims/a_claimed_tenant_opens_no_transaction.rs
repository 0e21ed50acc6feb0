use crow_core::{ClaimedTenant, VerifiedTenant};
use crow_tests::prelude::*;

async fn accepted(pool: &TenantPool, shop: VerifiedTenant) -> Result<i64, Error> {
    pool.build_transaction(shop).read_only().run(async |tx| tx.query::<Vehicle>().count(tx).await).await
}

#[cfg(refused)]
async fn refused(pool: &TenantPool, shop: ClaimedTenant) -> Result<i64, Error> {
    pool.build_transaction(shop).read_only().run(async |tx| tx.query::<Vehicle>().count(tx).await).await //~ error: `ClaimedTenant` does not open a scope
}
