use crow_tests::prelude::*;

async fn accepted(db: &mut TenantConn<'_>) -> Result<i64, Error> {
    db.transaction(async |tx| tx.query::<Vehicle>().count(tx).await).await
}

#[cfg(refused)]
async fn refused(db: &mut TenantConn<'_>) -> Result<i64, Error> {
    db.transaction(async |tx| tx.query::<Vehicle>().count(db).await).await //~ error: cannot borrow `*db` as mutable because it is also borrowed as immutable
}
