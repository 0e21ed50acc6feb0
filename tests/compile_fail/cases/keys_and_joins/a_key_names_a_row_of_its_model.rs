use crow_core::Key;
use crow_tests::prelude::*;

fn service<'t>(_: Key<'t, Vehicle>) {}

async fn accepted(db: &TenantConn<'_>) -> Result<(), Error> {
    Ok(service(db.query::<Vehicle>().key(db).await?))
}

#[cfg(refused)]
async fn refused(db: &TenantConn<'_>) -> Result<(), Error> {
    Ok(service(db.query::<ServiceRecord>().key(db).await?)) //~ error: `?` operator has incompatible types
}
