use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.update::<Vehicle>().set(vehicles::make.eq(vehicles::model));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.update::<Vehicle>().set(vehicles::make.eq(secrets::content)); //~ error: type mismatch resolving `<table as AppearsInFromClause<table>>::Count == Once`
}
