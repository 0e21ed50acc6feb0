use crow_tests::prelude::*;

fn accepted(pool: &TenantPool) -> TenantPool {
    pool.clone()
}

#[cfg(refused)]
fn refused<'t>(db: &TenantConn<'t>) -> TenantConn<'t> {
    db.clone() //~ error: mismatched types
}
