use crow_tests::prelude::*;

async fn accepted(db: &TenantConn<'_>) -> Result<usize, Error> {
    db.update::<Vehicle>().set(vehicles::year.eq(2000)).execute(db).await
}

#[cfg(refused)]
async fn refused(db: &TenantConn<'_>) -> Result<usize, Error> {
    db.update::<Vehicle>().execute(db).await //~ error: this update does not say what to change
}
