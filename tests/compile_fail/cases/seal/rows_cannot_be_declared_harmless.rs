use crow_core::bounds::{RowSet, Rows};
use crow_tests::prelude::*;

struct Mine;

#[cfg(refused)]
impl Rows<vehicles::table> for Mine {} //~ error: not all trait items implemented, missing: `__only_crow_implements_this`
