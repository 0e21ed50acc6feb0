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
impl TenantModel for Brand {} //~ error: not all trait items implemented, missing: `__only_the_derive_implements_this`
