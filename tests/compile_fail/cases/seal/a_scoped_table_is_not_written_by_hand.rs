use crow_core::bounds::ScopedTable;
use crow_tests::prelude::*;

diesel::table! {
    tools (id) { id -> Uuid }
}

#[cfg(refused)]
impl ScopedTable for tools::table {} //~ error: not all trait items implemented, missing: …`__only_the_derive_implements_this`
