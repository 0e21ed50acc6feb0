//! A job whose envelope has been opened.

use std::fmt;

use chrono::{DateTime, Utc};
use tracing::Instrument;
use uuid::Uuid;

use super::Job;
use crate::bounds::AsyncFunc;
use crate::conn::{TenantConn, TenantPool};
use crate::error::Error;
use crate::membership::VerifiedTenant;

/// A job that somebody with a key has signed, as it was signed, and that has not expired.
///
/// Only [`TenantJob::open`](super::TenantJob::open) makes one.
pub struct VerifiedJob<T> {
    pub(super) id: Uuid,
    pub(super) tenant: VerifiedTenant,
    pub(super) issued_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) payload: T,
}

impl<T> VerifiedJob<T> {
    /// The tenant that the job is for, proved by the signature.
    pub fn tenant(&self) -> VerifiedTenant {
        self.tenant
    }

    /// What the job carries.
    pub fn payload(&self) -> &T {
        &self.payload
    }

    /// Names this job, in logs and in the ledger: a new one for each that is signed.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// When it was signed, by the clock of whoever did.
    pub fn issued_at(&self) -> DateTime<Utc> {
        self.issued_at
    }
}

impl<T: Job> VerifiedJob<T> {
    /// Does the job in one transaction of its tenant, in which it also records that it is done.
    ///
    /// Both are committed or neither is: a job that fails can be delivered and done again, and one that is done
    /// is refused from then on, also to two workers that have it at the same time. What the closure
    /// does outside the database has no such promise; see [`record`](Self::record).
    ///
    /// It needs the table of [`schema::job_runs`](crate::schema::job_runs).
    ///
    /// # Errors
    ///
    /// [`JobError::Replayed`](super::JobError::Replayed) if the job has been done as often as its kind allows; the closure does not run then. Otherwise
    /// as for [`TenantPool::transaction`].
    pub async fn run<F, R, E>(&self, pool: &TenantPool, work: F) -> Result<R, E>
    where
        F: for<'r, 't> AsyncFnOnce(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r, 't> AsyncFunc<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send,
        R: Send,
        E: From<Error> + Send,
    {
        let span =
            tracing::debug_span!(target: "crow", "job", crow.job.id = %self.id, crow.job.kind = T::KIND);
        pool.transaction(self.tenant, async |tx| {
            self.record(tx).await?;
            work(tx).await
        })
        .instrument(span)
        .await
    }
}

impl<T> fmt::Debug for VerifiedJob<T> {
    /// Without the payload, which is the tenant's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedJob")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}
