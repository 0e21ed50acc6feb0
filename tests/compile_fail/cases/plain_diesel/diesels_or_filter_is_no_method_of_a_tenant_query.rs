use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(vehicles::make.eq("Honda").or(vehicles::make.eq("Toyota")));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(vehicles::make.eq("Honda")).or_filter(vehicles::make.eq("Toyota")); //~ error: the method `or_filter` exists for struct `TenantQuery<…`, but its trait bounds were not satisfied
}
