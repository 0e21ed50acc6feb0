use crow_tests::prelude::*;


diesel::define_sql_function! {
    #[aggregate]
    fn string_agg(text: Text, separator: Text) -> Text;
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let hidden = secrets::table.select(secrets::content).single_value();
    let _ = db.query::<Vehicle>().select(string_agg(vehicles::make, ", ").aggregate_order(hidden)); //~ compiles
}
