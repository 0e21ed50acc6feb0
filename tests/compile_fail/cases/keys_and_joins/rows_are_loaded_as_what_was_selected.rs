use crow_tests::prelude::*;

async fn accepted(db: &TenantConn<'_>) -> Result<Vec<(Uuid, String)>, Error> {
    db.query::<Vehicle>().select((vehicles::id, vehicles::make)).load(db).await
}

#[cfg(refused)]
async fn refused(db: &TenantConn<'_>) -> Result<Vec<(Uuid, i32)>, Error> {
    db.query::<Vehicle>().select((vehicles::id, vehicles::make)).load(db).await //~ error: the rows of this statement cannot be loaded as `(…Uuid, i32)`
}
