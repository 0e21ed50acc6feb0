use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.insert_into::<Vehicle>().values((vehicles::make.eq("Honda"), vehicles::year.eq(2000)));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.insert_into::<Vehicle>().values((vehicles::make.eq("Honda"), secrets::content.eq("x"))); //~ error: type mismatch resolving `<…Insertable<…Values == 
}
