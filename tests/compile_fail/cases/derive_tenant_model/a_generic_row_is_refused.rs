use crow_tests::prelude::*;

#[cfg(refused)]
#[derive(TenantModel)]
#[diesel(table_name = vehicles)]
struct Lift<T> { //~ error: a model owns its values: derive it on a struct without generics or lifetimes, and load other row types with `.select(Row::as_select())`
    id: T,
}
