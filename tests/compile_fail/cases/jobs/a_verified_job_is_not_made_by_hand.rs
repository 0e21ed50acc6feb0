use crow_core::{Job, JobError, JobKeys, TenantJob, VerifiedJob};

fn accepted<T: Job>(job: TenantJob<T>, keys: &JobKeys) -> Result<VerifiedJob<T>, JobError> {
    job.open(keys)
}

#[cfg(refused)]
fn refused<T: Job>(job: VerifiedJob<T>, payload: T) -> VerifiedJob<T> {
    VerifiedJob { payload, ..job } //~ error: fields `id`, `tenant`, `issued_at`, `expires_at` and `payload` of struct `VerifiedJob` are private
}
