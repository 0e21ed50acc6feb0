use crow_tests::prelude::*;

diesel::table! {
    brands (id) { id -> Uuid }
}

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, brand_id -> Uuid }
}

diesel::allow_tables_to_appear_in_same_query!(brands, lifts);

#[derive(Queryable, Selectable, SharedModel)]
#[diesel(table_name = brands)]
struct Brand {
    id: Uuid,
}

#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts)]
#[cfg_attr(not(refused), diesel(belongs_to(Brand)))]
struct Lift {
    id: Uuid,
}

#[cfg(not(refused))]
fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Lift>().inner_join(brands::table);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Lift>().inner_join(brands::table); //~ error: cannot join `brands::table` to `lifts::table` due to missing relation
}
