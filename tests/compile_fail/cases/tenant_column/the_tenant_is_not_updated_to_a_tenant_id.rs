use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>, other: TenantId) {
    let _ = db.update::<Vehicle>().filter(vehicles::tenant_id.eq(other)).set(vehicles::make.eq("Honda"));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, other: TenantId) {
    let _ = db.update::<Vehicle>().set(vehicles::tenant_id.eq(other)); //~ error: `tenant_id` is never written by hand
}
