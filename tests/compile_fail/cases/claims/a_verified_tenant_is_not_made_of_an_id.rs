use crow_core::{ClaimedTenant, VerifiedTenant};
use crow_tests::prelude::*;

fn accepted(shop: TenantId) -> ClaimedTenant {
    ClaimedTenant::new(shop)
}

#[cfg(refused)]
fn refused(shop: TenantId) -> VerifiedTenant {
    VerifiedTenant(shop) //~ error: cannot initialize a tuple struct which contains private fields
}
