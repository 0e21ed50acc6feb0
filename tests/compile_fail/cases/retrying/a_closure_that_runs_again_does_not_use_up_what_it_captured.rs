use crow_tests::prelude::*;

async fn accepted(db: &mut TenantConn<'_>, id: Vec<Uuid>) -> Result<usize, Error> {
    db.build_transaction()
        .serializable()
        .retrying(3)
        .run(async |tx| tx.delete::<Vehicle>().filter(vehicles::id.eq_any(any_of(id.clone()))).execute(tx).await)
        .await
}

#[cfg(refused)]
async fn refused(db: &mut TenantConn<'_>, id: Vec<Uuid>) -> Result<usize, Error> {
    db.build_transaction()
        .serializable()
        .retrying(3)
        .run(async |tx| tx.delete::<Vehicle>().filter(vehicles::id.eq_any(any_of(id))).execute(tx).await) //~ error: cannot move out of `id`, a captured variable in an `AsyncFn` closure
        .await
}
