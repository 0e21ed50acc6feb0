use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, name -> Text }
}

#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts)]
struct Lift {
    #[cfg(not(refused))]
    id: Uuid,
    name: String,
}

#[cfg(not(refused))]
fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Lift>().key(db);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Lift>().key(db); //~ error: the method `key` exists for struct `TenantQuery<
}
