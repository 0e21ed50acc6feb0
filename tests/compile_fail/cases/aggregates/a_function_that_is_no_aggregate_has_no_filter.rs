use crow_tests::prelude::*;

diesel::define_sql_function! {
    fn lower(text: Text) -> Text;
}

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(aggregate(count(lower(vehicles::make))).distinct());
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(aggregate(lower(vehicles::make)).distinct()); //~ error: type mismatch resolving
}
