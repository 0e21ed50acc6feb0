use crow_core::bounds::TenantTable;
use crow_tests::prelude::*;

diesel::table! {
    brands (id) { id -> Uuid }
}

#[derive(Queryable, Selectable, SharedModel)]
#[diesel(table_name = brands)]
struct Brand {
    id: Uuid,
}

#[cfg(refused)]
impl TenantTable for brands::table { //~ error: not all trait items implemented, missing: `__only_the_derive_implements_this`
    type TenantColumn = brands::id;
}
