use crow_core::{Job, TenantJob, VerifiedJob, VerifiedTenant};

fn accepted<T: Job>(job: VerifiedJob<T>) -> VerifiedTenant {
    job.tenant()
}

#[cfg(refused)]
fn refused<T: Job>(job: TenantJob<T>) -> VerifiedTenant {
    job.tenant() //~ error: no method named `tenant` found for struct `TenantJob<T>` in the current scope
}
