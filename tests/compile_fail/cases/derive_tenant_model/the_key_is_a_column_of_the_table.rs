use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, number) { tenant_id -> Uuid, number -> Int4 }
}

#[cfg(not(refused))]
#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts, primary_key(number))]
struct Lift {
    number: i32,
}

#[cfg(refused)]
#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts)]
struct Lift { //~ error: cannot find type `id` in module `lifts`
    number: i32,
}
