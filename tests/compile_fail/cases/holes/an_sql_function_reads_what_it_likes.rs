use crow_tests::prelude::*;

diesel::define_sql_function! {
    fn query_to_xml(query: Text, nulls: Bool, forest: Bool, namespace: Text) -> Text;
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(query_to_xml("SELECT * FROM secrets", true, false, "")); //~ compiles
}
