use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>, id: Uuid) {
    let _ = db.update::<Vehicle>().find(id).set(vehicles::make.eq("Honda"));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, id: Uuid) {
    let _ = db.insert_into::<Vehicle>().values(vehicles::make.eq("Honda")).find(id); //~ error: an insert has no rows to choose from
}
