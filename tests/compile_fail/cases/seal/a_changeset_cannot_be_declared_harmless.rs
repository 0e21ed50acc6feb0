use crow_core::bounds::{Changes, Derived};
use crow_tests::prelude::*;

#[derive(AsChangeset)]
#[diesel(table_name = vehicles)]
struct Move {
    tenant_id: Uuid,
}

#[cfg(refused)]
impl Changes<'_, vehicles::table, Derived> for Move {} //~ error: not all trait items implemented, missing: `__only_the_derive_implements_this`
