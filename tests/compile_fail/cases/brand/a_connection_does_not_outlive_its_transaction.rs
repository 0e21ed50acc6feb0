use crow_tests::prelude::*;

async fn accepted(db: &mut TenantConn<'_>) -> Result<TenantId, Error> {
    db.transaction(async |tx| Ok::<_, Error>(tx.tenant())).await
}

#[cfg(refused)]
async fn refused(db: &mut TenantConn<'_>) -> Result<(), Error> {
    db.transaction(async |tx| Ok::<_, Error>(tx)).await.map(drop) //~ error: lifetime may not live long enough
}
