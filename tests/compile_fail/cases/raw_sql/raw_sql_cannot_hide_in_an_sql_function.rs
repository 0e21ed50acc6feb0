use crow_tests::prelude::*;

diesel::define_sql_function! {
    fn lower(text: Text) -> Text;
}

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(lower(vehicles::make).eq("honda"));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(lower(sql::<Text>("make) OR (true")).eq("honda")); //~ error: this expression could see rows of another tenant
    //~ note: raw SQL and boxed expressions

}
