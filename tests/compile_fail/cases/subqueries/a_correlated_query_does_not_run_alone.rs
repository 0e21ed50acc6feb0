use crow_tests::prelude::*;

async fn accepted(db: &TenantConn<'_>) -> Result<Vec<ServiceRecord>, Error> {
    db.query::<ServiceRecord>().load(db).await
}

#[cfg(refused)]
async fn refused(db: &TenantConn<'_>) -> Result<Vec<ServiceRecord>, Error> {
    db.query::<ServiceRecord>().correlate(vehicles::table).load(db).await //~ error: a correlated query can only be part of another query
}
