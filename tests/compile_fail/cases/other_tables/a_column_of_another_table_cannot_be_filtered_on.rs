use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().inner_join(service_records::table).filter(service_records::cents.gt(0));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(service_records::cents.gt(0)); //~ error: this expression could see rows of another tenant
    //~ note: a column must belong to a table of this statement

}
