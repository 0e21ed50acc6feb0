use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.update::<Vehicle>().set(vehicles::make.eq("Honda"));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.update::<Vehicle>().set(secrets::content.eq("Honda")); //~ error: type mismatch resolving `<Grouped… as AsChangeset>::Target == table`
}
