use crow_core::{Job, TenantJob, VerifiedJob};

fn accepted<T: Job>(job: &VerifiedJob<T>) -> &T {
    job.payload()
}

#[cfg(refused)]
fn refused<T: Job>(job: &TenantJob<T>) -> &T {
    job.payload() //~ error: no method named `payload` found for reference `&TenantJob<T>` in the current scope
}
