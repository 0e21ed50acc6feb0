use crow_tests::prelude::*;

diesel::define_sql_function! {
    fn lower(text: sql_types::Nullable<Text>) -> sql_types::Nullable<Text>;
}

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(lower(vehicles::make.nullable()).eq("honda"));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let hidden = secrets::table.select(secrets::content).single_value();
    let _ = db.query::<Vehicle>().filter(lower(hidden).eq("honda")); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
