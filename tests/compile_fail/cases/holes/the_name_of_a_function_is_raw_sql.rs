use crow_tests::prelude::*;

diesel::define_sql_function! {
    #[sql_name = "true) OR (true"]
    fn escape() -> Bool;
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(escape()); //~ compiles
}
