use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid }
}

#[derive(Queryable, TenantModel)]
#[cfg_attr(not(refused), derive(Selectable))]
#[diesel(table_name = lifts)]
struct Lift { //~ error: the trait bound `Lift: Selectable<Pg>` is not satisfied
    id: Uuid,
}
