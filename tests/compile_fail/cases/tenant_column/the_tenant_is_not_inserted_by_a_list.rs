use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>, other: Uuid) {
    let _ = db.insert_into::<Vehicle>().values(vec![(vehicles::id.eq(other), vehicles::make.eq("Honda"))]);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, other: Uuid) {
    let _ = db.insert_into::<Vehicle>().values(vec![(vehicles::tenant_id.eq(other), vehicles::make.eq("Honda"))]); //~ error: `tenant_id` is never written by hand
}
