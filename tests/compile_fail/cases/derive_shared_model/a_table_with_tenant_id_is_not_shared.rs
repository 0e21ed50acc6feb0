use crow_tests::prelude::*;

diesel::table! {
    brands (id) { id -> Uuid }
}

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid }
}

#[derive(Queryable, Selectable, SharedModel)]
#[diesel(table_name = brands)]
struct Brand {
    id: Uuid,
}

#[cfg(refused)]
#[derive(Queryable, Selectable, SharedModel)] //~ error: a shared table has no column `tenant_id`
#[diesel(table_name = lifts)]
struct Lift {
    id: Uuid,
}
