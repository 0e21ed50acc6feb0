use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(vehicles::year.eq_any(any_of(vec![2000, 2001])));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(vehicles::year.eq_any(vec![2000, 2001])); //~ error: this expression could see rows of another tenant
    //~ note: a list of values is written

}
