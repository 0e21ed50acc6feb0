//! Which jobs a tenant has done.

use chrono::TimeDelta;
use diesel::ExpressionMethods;
use diesel::dsl::now;
use diesel::query_dsl::methods::FilterDsl;

use super::Job;
use super::error::JobError;
use super::verified::VerifiedJob;
use crate::conn::TenantConn;
use crate::error::Error;
use crate::query::Label;

diesel::table! {
    job_runs (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        runs -> Int4,
        expires_at -> Timestamptz,
    }
}

/// How much later than it expires a job is forgotten, for the clocks of workers that are behind the database's.
const SLACK: TimeDelta = TimeDelta::days(1);

impl<T: Job> VerifiedJob<T> {
    /// Records in the tenant's ledger that the job is done once more, and refuses if that is too often.
    ///
    /// [`run`](Self::run) does this in the transaction of the work. To call it in a scope, where it is a transaction of its
    /// own, before work that a database cannot roll back, such as sending a letter, means to do that at most so often,
    /// and possibly not at all.
    ///
    /// # Errors
    ///
    /// [`JobError::Replayed`], [`JobError::OtherTenant`]; [`Error::Invalid`] if there is no table for it; the faults of a
    /// statement.
    pub async fn record(&self, db: &TenantConn<'_>) -> Result<(), Error> {
        const { assert!(T::MAX_RUNS > 0, "a job that may be done 0 times is never done") };
        if self.tenant.id() != db.tenant() {
            return Err(JobError::OtherTenant { id: self.id }.into());
        }
        let forgotten_at = self.expires_at.checked_add_signed(SLACK).unwrap_or(self.expires_at);
        let run = diesel::insert_into(job_runs::table)
            .values((
                job_runs::tenant_id.eq(db.tenant().as_uuid()),
                job_runs::id.eq(self.id),
                job_runs::kind.eq(T::KIND),
                job_runs::runs.eq(1),
                job_runs::expires_at.eq(forgotten_at),
            ))
            // Whoever inserts the same job at the same time waits here for the other's transaction to end.
            .on_conflict((job_runs::tenant_id, job_runs::id))
            .do_update()
            .set(job_runs::runs.eq(job_runs::runs + 1))
            .filter(job_runs::runs.lt(i32::from(T::MAX_RUNS)));
        match db.execute(label("INSERT"), &[run]).await.map_err(without_table)? {
            0 => Err(JobError::Replayed { id: self.id, limit: T::MAX_RUNS }.into()),
            _ => Ok(()),
        }
    }
}

/// Takes the jobs that have expired, and so would be refused anyway, out of the tenant's ledger; says how many there were.
///
/// For a job that comes every night, with [`for_each_tenant`](crate::for_each_tenant).
///
/// # Errors
///
/// [`Error::Invalid`] if there is no ledger; the faults of a statement.
pub async fn forget_expired_jobs(db: &TenantConn<'_>) -> Result<usize, Error> {
    let expired = diesel::delete(job_runs::table)
        .filter(job_runs::tenant_id.eq(db.tenant().as_uuid()))
        .filter(job_runs::expires_at.lt(now));
    db.execute(label("DELETE"), &[expired]).await.map_err(without_table)
}

fn label(operation: &'static str) -> Label {
    Label::named(operation, || "job_runs".into())
}

fn without_table(error: Error) -> Error {
    match error {
        Error::Other(message) if message.contains("\"job_runs\" does not exist") => Error::Invalid(
            "there is no table job_runs to record in that a job is done: create it with a migration of \
             `schema::job_runs()`"
                .into(),
        ),
        other => other,
    }
}
