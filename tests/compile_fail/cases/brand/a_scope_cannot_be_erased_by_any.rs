use crow_tests::prelude::*;
use std::any::Any;

fn accepted(tenant: TenantId) -> Box<dyn Any> {
    Box::new(tenant)
}

#[cfg(refused)]
fn refused(query: TenantQuery<'_, 'static, Vehicle>) -> Box<dyn Any> {
    Box::new(query) //~ error: lifetime may not live long enough
}
