use crow_core::bounds::OpensScope;
use crow_tests::prelude::*;

struct Shop(TenantId);

#[cfg(refused)]
impl OpensScope for Shop {} //~ error: not all trait items implemented, missing: `__only_crow_implements_this`
