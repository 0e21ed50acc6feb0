use crow_core::request::{Identify, Resolver, TenantLayer};
use crow_core::{Membership, TenantPool};

fn accepted<I, R, M>(pool: TenantPool, staff: I, host: R, members: M) -> TenantLayer<I, R, M>
where
    I: Identify,
    R: Resolver<I::Principal>,
    M: Membership<I::Principal> + 'static,
{
    TenantLayer::new(pool, staff, host, members)
}

#[cfg(refused)]
fn refused<I, R, M>(pool: TenantPool, staff: I, host: R) -> TenantLayer<I, R, M>
where
    I: Identify,
    R: Resolver<I::Principal>,
    M: Membership<I::Principal> + 'static,
{
    TenantLayer::new(pool, staff, host) //~ error: this function takes 4 arguments but 3 arguments were supplied
}
