//! Transactions that run again when they conflict with others.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tracing::Instrument;

use super::async_func::AsyncRepeat;
use super::observe;
use super::tenant::TenantConn;
use super::tenant_pool::TenantPool;
use super::transaction::{Beginning, Options, Transactional, end};
use crate::error::Error;
use crate::tenant::TenantId;

/// A transaction that runs again when it conflicts with another one.
///
/// The closure must be one that can run again: `async |tx|`, which borrows what it needs, and not
/// `async move |tx|`, which owns it. What it does beside the database happens each time.
///
/// It runs again if one of its statements, or COMMIT, met a serialization failure or a deadlock, whatever
/// error the closure made of that, and never after anything else. In particular not after
/// [`Error::CommitUnknown`], with which it may have been committed already.
///
/// ```no_run
/// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
/// # use {crow_core::*, diesel::prelude::*};
/// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
/// # #[diesel(table_name = vehicles, primary_key(id))]
/// # struct Vehicle { id: uuid::Uuid, make: String }
/// # async fn example(pool: &TenantPool, shop: TenantId) -> Result<(), Error> {
/// pool.build_transaction(shop)
///     .serializable()
///     .retrying(5)
///     .run(async |tx| {
///         let few = tx.query::<Vehicle>().count(tx).await? < 10;
///         if few {
///             tx.insert_into::<Vehicle>().values(vehicles::make.eq("Honda")).execute(tx).await?;
///         }
///         Ok::<_, Error>(few)
///     })
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a transaction does nothing until it runs"]
pub struct Retrying<C> {
    on: C,
    options: Options,
    attempts: u32,
}

impl<C> Retrying<C> {
    pub(super) fn new(on: C, options: Options, attempts: u32) -> Self {
        Self { on, options, attempts }
    }
}

impl<'t> Retrying<&mut TenantConn<'t>> {
    /// Runs the closure in the transaction, again and again while it conflicts.
    ///
    /// # Errors
    ///
    /// As for [`TenantConn::transaction`]: those of the last attempt. [`Error::Invalid`] for no
    /// attempts, and inside another transaction, which would have to run again as a whole.
    pub fn run<F, R, E>(self, work: F) -> impl Future<Output = Result<R, E>> + Send
    where
        F: for<'r> AsyncFn(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r> AsyncRepeat<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send
            + Sync,
        R: Send,
        E: From<Error> + Send,
    {
        repeat(self.on, self.options, self.attempts, work)
    }
}

impl Retrying<(&TenantPool, TenantId)> {
    /// Runs the closure in the transaction, again and again while it conflicts.
    ///
    /// # Errors
    ///
    /// As for [`TenantPool::transaction`]: those of the last attempt. [`Error::Deadline`] if the
    /// attempts together take longer than the pool's deadline. [`Error::Invalid`] for no attempts.
    pub async fn run<F, R, E>(self, work: F) -> Result<R, E>
    where
        F: for<'r, 't> AsyncFn(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r, 't> AsyncRepeat<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send
            + Sync,
        R: Send,
        E: From<Error> + Send,
    {
        let (pool, tenant) = self.on;
        let deadline = pool.deadline();
        let mut conn = pool.enter(tenant, None, deadline).await?;
        let span = conn.span.clone();
        let repeat = repeat(&mut conn, self.options, self.attempts, work);
        let done = deadline.bound(repeat).instrument(span).await;
        conn.finish(deadline, done).await
    }
}

#[expect(clippy::manual_async_fn, reason = "an `async fn` would not declare its future `Send`")]
fn repeat<C, F, R, E>(
    conn: &mut C,
    options: Options,
    attempts: u32,
    work: F,
) -> impl Future<Output = Result<R, E>> + Send
where
    C: Transactional,
    F: for<'r> AsyncFn(&'r mut C) -> Result<R, E>
        + for<'r> AsyncRepeat<&'r mut C, Result<R, E>, Fut: Send>
        + Send
        + Sync,
    R: Send,
    E: From<Error> + Send,
{
    async move {
        if attempts == 0 {
            return Err(
                Error::Invalid("with no attempt nothing runs: use `retrying(1)` or more".into()).into()
            );
        }
        if conn.in_transaction() {
            return Err(Error::Invalid(
                "after a conflict the whole transaction has to run again: use `retrying` on the outermost one".into(),
            )
            .into());
        }
        let mut delays = delays(attempts);
        let mut attempt = 1;
        loop {
            let mark = conn.begin(Beginning { options, attempt }).await?;
            let result = work(conn).await;
            let (result, conflicted) = end(conn, mark, result).await;
            match delays.next().filter(|_| conflicted) {
                Some(delay) => {
                    observe::retried(attempt, delay);
                    tokio::time::sleep(delay).await;
                }
                None => return result,
            }
            attempt += 1;
        }
    }
}

/// How long to wait after each attempt but the last.
fn delays(attempts: u32) -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(10))
        .with_factor(2.0)
        .with_max_delay(Duration::from_secs(1))
        .with_max_times(attempts as usize - 1)
        .with_jitter()
        .build()
}
