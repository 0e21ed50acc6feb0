use crow_core::SharedModel;
use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, brand_id -> Uuid }
}
diesel::table! {
    brands (id) { id -> Uuid }
}
diesel::allow_tables_to_appear_in_same_query!(lifts, brands);

#[derive(Queryable, Selectable, Identifiable, SharedModel)]
#[diesel(table_name = brands)]
struct Brand {
    id: Uuid,
}

#[derive(Queryable, Selectable, Identifiable, Associations, TenantModel)]
#[diesel(table_name = lifts, primary_key(id), belongs_to(Brand))]
struct Lift {
    id: Uuid,
    brand_id: Uuid,
}

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Lift>().inner_join(brands::table);
}

#[cfg(refused)]
diesel::joinable!(lifts -> brands (brand_id)); //~ error: conflicting implementations of trait `JoinTo<…brands::table>` for type `…lifts::table`
