use crow_core::bounds::Assigns;
use crow_tests::prelude::*;

struct Mine;

#[cfg(refused)]
impl Assigns<'_, vehicles::table, vehicles::table> for Mine {} //~ error: not all trait items implemented, missing: `__only_crow_implements_this`
