use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.insert_into::<Vehicle>().values(vec![vehicles::make.eq("Honda")]);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.insert_into::<Vehicle>().values(vehicles::table); //~ error: these values cannot be inserted by a tenant scope
}
