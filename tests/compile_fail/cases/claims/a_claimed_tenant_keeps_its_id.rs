use crow_core::{ClaimedTenant, VerifiedTenant};
use crow_tests::prelude::*;

fn accepted(shop: VerifiedTenant) -> TenantId {
    shop.id()
}

#[cfg(refused)]
fn refused(shop: ClaimedTenant) -> TenantId {
    shop.id() //~ error: no method named `id` found for struct `ClaimedTenant` in the current scope
}
