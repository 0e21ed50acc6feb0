use crow_tests::prelude::*;
use diesel::expression::SqlLiteral;

#[derive(AsChangeset, TenantChangeset)]
#[diesel(table_name = vehicles)]
struct Changes {
    #[cfg(not(refused))]
    make: vehicles::model,
    #[cfg(refused)]
    make: SqlLiteral<Text>,
}

#[cfg(not(refused))]
fn accepted(db: &TenantConn<'_>, changes: Changes) {
    let _ = db.update::<Vehicle>().set(changes);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, changes: Changes) {
    let _ = db.update::<Vehicle>().set(changes); //~ error: `Changes` cannot be set by a tenant scope
}
