use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.update::<Vehicle>().set(vehicles::id.eq(vehicles::id));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.update::<Vehicle>().set(vehicles::tenant_id.eq(vehicles::tenant_id)); //~ error: `tenant_id` is never written by hand
}
