use crow_core::Model;
use crow_tests::prelude::*;

fn accepted<M: Model>(db: &TenantConn<'_>) {
    let _ = db.query::<M>();
}

#[cfg(refused)]
fn refused<M: Selectable<Pg>>(db: &TenantConn<'_>) {
    let _ = db.query::<M>(); //~ error: `M` is no model that a tenant scope may query
}
