use crow_tests::prelude::*;

async fn accepted(db: &TenantConn<'_>) -> Result<Vec<String>, Error> {
    db.query::<Vehicle>().group_by(vehicles::make).select(vehicles::make).load(db).await
}

#[cfg(refused)]
async fn refused(db: &TenantConn<'_>) -> Result<Vec<Vehicle>, Error> {
    db.query::<Vehicle>().group_by(vehicles::make).load(db).await //~ error: the rows of this statement cannot be loaded as `_`
}
