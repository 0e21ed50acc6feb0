use crow_tests::prelude::*;

fn accepted() -> Option<TenantConn<'static>> {
    None
}

#[cfg(refused)]
fn refused() -> Option<TenantConn<'static>> {
    Some(Default::default()) //~ error: the trait bound `…TenantConn<'static>: Default` is not satisfied
}
