use crow_core::{Keyed};
use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, name -> Text }
}

#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts)]
struct Lift {
    name: String,
}

#[cfg(refused)]
impl Keyed for Lift { //~ error: not all trait items implemented, missing: `__only_the_derive_implements_this`
    type Id = Uuid;

    fn id(&self) -> Uuid {
        Uuid::new_v4()
    }
}
