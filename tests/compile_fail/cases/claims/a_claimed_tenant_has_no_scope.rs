use crow_core::{ClaimedTenant, TenantScope, VerifiedTenant};
use crow_tests::prelude::*;

fn accepted(pool: TenantPool, shop: VerifiedTenant) -> TenantScope {
    TenantScope::new(pool, shop)
}

#[cfg(refused)]
fn refused(pool: TenantPool, shop: ClaimedTenant) -> TenantScope {
    TenantScope::new(pool, shop) //~ error: mismatched types
}
