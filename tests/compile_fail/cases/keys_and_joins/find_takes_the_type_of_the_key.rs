use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>, id: Uuid) {
    let _ = db.query::<Vehicle>().find(id);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, id: Uuid) {
    let _ = db.query::<Vehicle>().find("CIV 1"); //~ error: the trait bound `str: Expression` is not satisfied
}
