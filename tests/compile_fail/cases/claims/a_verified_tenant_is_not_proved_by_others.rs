use crow_core::VerifiedTenant;
use crow_tests::prelude::*;

fn accepted(shop: VerifiedTenant) -> VerifiedTenant {
    shop
}

#[cfg(refused)]
fn refused(shop: TenantId) -> VerifiedTenant {
    VerifiedTenant::proved(shop) //~ error: associated function `proved` is private
}
