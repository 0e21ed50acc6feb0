use crow_tests::prelude::*;

mod schema {
    pub use crow_tests::prelude::{secrets as shared_secrets, vehicles as fleet};
}

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(schema::fleet::year.gt(2000));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(schema::shared_secrets::content.eq("x")); //~ error: this expression could see rows of another tenant
    //~ note: a column must belong to a table of this statement

}
