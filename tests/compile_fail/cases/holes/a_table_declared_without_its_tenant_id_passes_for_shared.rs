use crow_tests::prelude::*;

diesel::table! {
    #[sql_name = "vehicles"]
    everybodys_vehicles (id) { id -> Uuid, plate -> Text }
}

#[cfg(refused)]
#[derive(Queryable, Selectable, SharedModel)] //~ compiles
#[diesel(table_name = everybodys_vehicles)]
struct Plate {
    plate: String,
}
