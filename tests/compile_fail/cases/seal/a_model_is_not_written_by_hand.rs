use crow_core::Model;
use crow_tests::prelude::*;

#[derive(Queryable, Selectable)]
#[diesel(table_name = vehicles)]
struct Plate {
    plate: String,
}

#[cfg(refused)]
impl Model for Plate { //~ error: not all trait items implemented, missing: …`__only_the_derive_implements_this`
    type Table = vehicles::table;
    type Key = vehicles::id;
}
