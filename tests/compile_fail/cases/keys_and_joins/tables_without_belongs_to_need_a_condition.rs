use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().inner_join(makes::table.on(makes::name.eq(vehicles::make)));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().inner_join(makes::table); //~ error: cannot join `…makes::table` to `…vehicles::table` due to missing relation
}
