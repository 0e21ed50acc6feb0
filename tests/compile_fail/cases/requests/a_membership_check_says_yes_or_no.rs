use crow_core::request::{Identify, Resolver, TenantLayer};
use crow_core::{Principal, TenantId, TenantPool};
use crow_tests::prelude::*;

fn accepted<I, R>(pool: TenantPool, staff: I, host: R)
where
    I: Identify<Principal = TenantId>,
    R: Resolver<TenantId>,
{
    TenantLayer::new(pool, staff, host, async |who: Principal<TenantId>, shop: TenantId| Ok(*who == shop));
}

#[cfg(refused)]
fn refused<I, R>(pool: TenantPool, staff: I, host: R)
where
    I: Identify<Principal = TenantId>,
    R: Resolver<TenantId>,
{
    TenantLayer::new(pool, staff, host, async |_: Principal<TenantId>, shop: TenantId| Ok(shop)); //~ error: expected …to be a future that resolves to `Result<bool, Error>`, but it resolves to `Result<TenantId, _>`
}
