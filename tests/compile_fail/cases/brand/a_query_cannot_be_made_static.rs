use crow_tests::prelude::*;

fn accepted<'t>(query: TenantQuery<'t, 'static, Vehicle>) -> TenantQuery<'t, 'static, Vehicle> {
    query
}

#[cfg(refused)]
fn refused<'t>(query: TenantQuery<'t, 'static, Vehicle>) -> TenantQuery<'static, 'static, Vehicle> {
    query //~ error: lifetime may not live long enough
}
