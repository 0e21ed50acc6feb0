use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>, other: Uuid) {
    let _ = db.insert_into::<Vehicle>().values(vehicles::id.eq(other));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, other: Uuid) {
    let _ = db.insert_into::<Vehicle>().values(vehicles::tenant_id.eq(other)); //~ error: `tenant_id` is never written by hand
}
