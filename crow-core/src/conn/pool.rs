//! Connections that are kept for the next scope.

use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, PoolError, QueueMode, TimeoutType};
use diesel_async::AsyncPgConnection;
use futures_util::future::try_join_all;

use super::deadline::{Deadline, silent};
use super::limits::Limits;
use super::manager::Manager;
use super::numbers::METRICS;
use super::observe;
use super::pooler::keeps_statements;
use crate::error::Error;

/// A connection of a pool, which goes back there when it is dropped.
pub(super) type Pooled = managed::Object<Manager>;

/// What both kinds of pool can be told of their connections.
#[derive(Debug, Clone)]
pub(super) struct PoolSettings {
    pub(super) max_size: usize,
    pub(super) min_size: usize,
    pub(super) wait_timeout: Duration,
    pub(super) create_timeout: Duration,
    pub(super) limits: Limits,
}

/// What both kinds of pool stand on.
#[derive(Debug, Clone)]
pub(super) struct Pool(managed::Pool<Manager>);

impl Pool {
    /// Opens the pool and `min_size` connections, at least one, and asks the server `question` on it.
    pub(super) async fn open(
        manager: Manager,
        settings: PoolSettings,
        question: impl AsyncFnOnce(&mut &AsyncPgConnection) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let PoolSettings { max_size, min_size, wait_timeout, create_timeout, limits } = settings;
        let pool = managed::Pool::builder(manager)
            .max_size(max_size)
            .wait_timeout(Some(wait_timeout))
            .create_timeout(Some(create_timeout))
            .recycle_timeout(Some(create_timeout))
            // The last to come is the next to go, so that what a lull does not need stays idle.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::Invalid(format!("the pool cannot be built: {error}")))?;
        let pool = Self(pool);
        let sessions = pool.begin(min_size.max(1), question).await.map_err(Error::before_any_sql)?;
        drop(sessions);
        if let Some(every) = limits.sweep() {
            pool.sweep_up(every, min_size);
        }
        Ok(pool)
    }

    /// The first connections, after asking the server what a pool has to know.
    async fn begin(
        &self,
        connections: usize,
        question: impl AsyncFnOnce(&mut &AsyncPgConnection) -> Result<(), Error>,
    ) -> Result<Vec<Pooled>, Error> {
        // The others come after the answers: where it is refused nobody else has to have logged in.
        let first = self.checkout(Deadline::none()).await?;
        let witness = self.0.manager().log_in();
        first.answer(async |conn| keeps_statements(conn, witness).await).await?;
        first.answer(question).await?;
        // All are taken before the first goes back, so that each is another one.
        let mut sessions = try_join_all((1..connections).map(|_| self.checkout(Deadline::none()))).await?;
        sessions.push(first);
        Ok(sessions)
    }

    /// A connection of the pool. Those who wait are served in the order in which they came.
    pub(super) async fn checkout(&self, deadline: Deadline) -> Result<Pooled, Error> {
        let wait = observe::Wait::begin(self.name());
        let result = self.take(deadline).await;
        wait.end(&result, || self.status());
        result
    }

    async fn take(&self, deadline: Deadline) -> Result<Pooled, Error> {
        let mut timeouts = self.0.timeouts();
        // If it is the wait that takes too long, the error says so.
        timeouts.wait = timeouts.wait.map(|wait| wait.min(deadline.left()));
        let taken = deadline.bound(self.0.timeout_get(&timeouts)).await?;
        let session = taken.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Timeout(TimeoutType::Wait) => Error::PoolTimeout,
            PoolError::Timeout(_) => silent(),
            PoolError::Closed => Error::PoolClosed,
            PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                Error::Connection(format!("the pool cannot be used: {error}"))
            }
        })?;
        // It was being opened while the pool was closed.
        if self.0.is_closed() {
            return Err(Error::PoolClosed);
        }
        Ok(session)
    }

    /// What the pool is called by those who watch.
    pub(super) fn name(&self) -> &str {
        &self.0.manager().name
    }

    pub(super) fn database(&self) -> &str {
        self.0.manager().database()
    }

    pub(super) fn status(&self) -> PoolStatus {
        status(&self.0)
    }

    pub(super) async fn close(&self, wait: Duration) -> PoolStatus {
        self.0.close();
        let _ = tokio::time::timeout(wait, self.0.manager().all_closed()).await;
        self.status()
    }

    /// Closes, again and again until the pool is gone, what has lived or rested for too long.
    fn sweep_up(&self, every: Duration, min_size: usize) {
        let pool = self.0.weak();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                let Some(pool) = pool.upgrade().filter(|pool| !pool.is_closed()) else { return };
                let mut spare = pool.status().size.saturating_sub(min_size);
                pool.retain(|session, metrics| {
                    let limits = session.limits();
                    let outlived = limits.outlived(&metrics);
                    let close = outlived || (spare > 0 && limits.rested(&metrics));
                    if close {
                        session.closing(if outlived { "lifetime" } else { "idle" });
                    }
                    spare = spare.saturating_sub(usize::from(close));
                    !close
                });
            }
        });
    }
}

/// Gives a connection back to its pool, or closes it.
pub(super) fn give_back(session: Pooled, keep: bool) {
    let pool = METRICS.then(|| Pooled::pool(&session)).flatten();
    if keep {
        drop(session);
    } else {
        drop(Pooled::take(session));
    }
    if let Some(pool) = pool {
        observe::stands(&pool.manager().name, || status(&pool));
    }
}

fn status(pool: &managed::Pool<Manager>) -> PoolStatus {
    let managed::Status { max_size, size, available, waiting } = pool.status();
    PoolStatus { max_size, open: size, in_use: size - available, idle: available, waiting }
}

/// How many connections a pool has, and what they do.
///
/// The numbers of one moment, which may be another one a line later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStatus {
    /// The most connections the pool opens; 0 once it is closed.
    pub max_size: usize,
    /// Connections that are open, in use or idle.
    pub open: usize,
    /// Connections that a scope has now.
    pub in_use: usize,
    /// Connections that wait for a scope.
    pub idle: usize,
    /// Scopes that wait for a connection to become free, or for one to be opened.
    pub waiting: usize,
}
