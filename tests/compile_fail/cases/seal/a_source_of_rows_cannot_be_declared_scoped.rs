use crow_core::bounds::ScopedSource;
use crow_tests::prelude::*;

diesel::table! {
    tools (id) { id -> Uuid }
}

#[cfg(refused)]
impl ScopedSource for tools::table { //~ error: not all trait items implemented, missing: `__only_crow_implements_this`
    fn tenant_column(&self) -> Option<crow_core::__derive::Fragment<'static>> {
        None
    }
}
