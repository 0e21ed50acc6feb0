use crow_tests::prelude::*;

#[derive(Queryable, Selectable)]
#[diesel(table_name = secrets)]
struct Secret {
    id: Uuid,
}

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>();
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Secret>(); //~ error: `Secret` is no model that a tenant scope may query
}
