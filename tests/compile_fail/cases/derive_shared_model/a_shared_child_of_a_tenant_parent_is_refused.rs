use crow_tests::prelude::*;

diesel::table! {
    brands (id) { id -> Uuid, lift_id -> Uuid }
}

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid }
}

diesel::allow_tables_to_appear_in_same_query!(brands, lifts);

#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts)]
struct Lift {
    id: Uuid,
}

#[derive(Queryable, Selectable, SharedModel)] //~ error: `brands::table` is not a tenant table
#[diesel(table_name = brands)]
#[cfg_attr(refused, diesel(belongs_to(Lift)))]
struct Brand {
    id: Uuid,
}
