use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().inner_join(service_records::table).order(service_records::cents.desc());
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().order(service_records::cents.desc()); //~ error: this expression could see rows of another tenant
    //~ note: a column must belong to a table of this statement

}
