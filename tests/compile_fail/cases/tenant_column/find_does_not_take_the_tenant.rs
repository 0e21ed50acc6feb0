use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>, tenant: Uuid, id: Uuid) {
    let _ = db.query::<Vehicle>().find(id);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, tenant: Uuid, id: Uuid) {
    let _ = db.query::<Vehicle>().find((tenant, id)); //~ error: the trait bound `(Uuid, Uuid): AsExpression<Uuid>` is not satisfied
}
