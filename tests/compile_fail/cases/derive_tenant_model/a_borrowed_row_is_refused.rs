use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, name -> Text }
}

#[cfg(not(refused))]
#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts)]
struct Lift {
    name: String,
}

#[cfg(refused)]
#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts)]
struct Lift<'a> { //~ error: a model owns its values: derive it on a struct without generics or lifetimes, and load other row types with `.select(Row::as_select())`
    name: &'a str,
}
