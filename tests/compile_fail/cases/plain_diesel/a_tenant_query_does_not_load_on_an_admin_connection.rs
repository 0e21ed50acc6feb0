use crow_tests::prelude::*;

async fn accepted(db: &TenantConn<'_>, _: &AdminConn) -> Result<Vec<Vehicle>, Error> {
    db.query::<Vehicle>().load(db).await
}

#[cfg(refused)]
async fn refused(db: &TenantConn<'_>, admin: &AdminConn) -> Result<Vec<Vehicle>, Error> {
    db.query::<Vehicle>().load(admin).await //~ error: mismatched types
}
