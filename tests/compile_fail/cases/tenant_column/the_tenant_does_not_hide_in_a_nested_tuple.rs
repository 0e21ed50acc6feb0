use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>, other: Uuid) {
    let _ = db.insert_into::<Vehicle>().values((vehicles::make.eq("Honda"), (vehicles::year.eq(2000), (vehicles::id.eq(other),))));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, other: Uuid) {
    let _ = db.insert_into::<Vehicle>().values((vehicles::make.eq("Honda"), (vehicles::year.eq(2000), (vehicles::tenant_id.eq(other),)))); //~ error: `tenant_id` is never written by hand
}
