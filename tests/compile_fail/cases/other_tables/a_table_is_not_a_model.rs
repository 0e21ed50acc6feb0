use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>();
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<vehicles::table>(); //~ error: `…vehicles::table` is no model that a tenant scope may query
}
