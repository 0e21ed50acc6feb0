use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>, other: Uuid) {
    let _ = db.update::<Vehicle>().set((vehicles::make.eq("Honda"), (vehicles::id.eq(other),)));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, other: Uuid) {
    let _ = db.update::<Vehicle>().set((vehicles::make.eq("Honda"), (vehicles::tenant_id.eq(other),))); //~ error: `tenant_id` is never written by hand
}
