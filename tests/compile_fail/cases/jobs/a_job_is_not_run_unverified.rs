use crow_core::{Job, TenantJob, VerifiedJob};
use crow_tests::prelude::*;

async fn accepted<T: Job>(pool: &TenantPool, job: VerifiedJob<T>) -> Result<i64, Error> {
    job.run(pool, async |tx| tx.query::<Vehicle>().count(tx).await).await
}

#[cfg(refused)]
async fn refused<T: Job>(pool: &TenantPool, job: TenantJob<T>) -> Result<i64, Error> {
    job.run(pool, async |tx| tx.query::<Vehicle>().count(tx).await).await //~ error: no method named `run` found for struct `TenantJob<T>` in the current scope
}
