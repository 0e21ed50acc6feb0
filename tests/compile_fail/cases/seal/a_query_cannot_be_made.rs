use crow_tests::prelude::*;

fn accepted<'t>(db: &TenantConn<'t>) -> TenantQuery<'t, 'static, Vehicle> {
    db.query()
}

#[cfg(refused)]
fn refused<'t>(tenant: TenantId) -> TenantQuery<'t, 'static, Vehicle> {
    TenantQuery::new(tenant) //~ error: associated function `new` is private
}
