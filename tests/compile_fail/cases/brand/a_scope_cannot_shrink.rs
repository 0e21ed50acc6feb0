use crow_tests::prelude::*;

fn accepted<'t, 'q>(query: TenantQuery<'t, 'static, Vehicle>, _: &'q str) -> TenantQuery<'t, 'static, Vehicle> {
    query
}

#[cfg(refused)]
fn refused<'t, 's>(query: TenantQuery<'static, 't, Vehicle>, _: &'s str) -> TenantQuery<'s, 't, Vehicle> {
    query //~ error: lifetime may not live long enough
}
