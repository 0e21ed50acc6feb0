//! Something to be done for every tenant.

use std::any::Any;
use std::fmt;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::vec;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::poll;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::tenant::TenantId;

/// Begins to describe work for all of these tenants, each of them once and in ascending order.
///
/// The tenants are a list, because a query that streams them would hold its connection for as long as the work takes; a
/// million of them are 16 MB. What is done for one of them is up to a closure, which opens the scopes that it needs.
///
/// ```no_run
/// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
/// # use {crow_core::*, diesel::prelude::*};
/// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
/// # #[diesel(table_name = vehicles, primary_key(id))]
/// # struct Vehicle { id: uuid::Uuid, make: String }
/// # async fn example(pool: &TenantPool, shops: Vec<TenantId>, last_time: Option<TenantId>) {
/// let report = for_each_tenant(shops)
///     .concurrency(8)
///     .after(last_time)
///     .progress(|progress| println!("{progress}"))
///     .run(async |shop| pool.scope(shop, async |db| db.query::<Vehicle>().count(db).await).await)
///     .await;
/// for (shop, failure) in report.failures() {
///     eprintln!("{shop}: {failure}");
/// }
/// # }
/// ```
pub fn for_each_tenant<'a>(tenants: impl IntoIterator<Item = TenantId>) -> ForEachTenant<'a> {
    let mut tenants: Vec<_> = tenants.into_iter().collect();
    tenants.sort_unstable();
    tenants.dedup();
    ForEachTenant { tenants, concurrency: 4, progress: Box::new(|_| ()), stop: pending().boxed() }
}

/// Work for many tenants that has not begun.
#[must_use = "nothing is done for any tenant until it runs"]
pub struct ForEachTenant<'a> {
    tenants: Vec<TenantId>,
    concurrency: usize,
    progress: Box<dyn FnMut(Progress) + Send + 'a>,
    stop: BoxFuture<'a, ()>,
}

impl<'a> ForEachTenant<'a> {
    /// For how many tenants to work at the same time: 4 if not said otherwise, and at least 1.
    ///
    /// Fewer than the pool has connections, or those who wait in front of a screen wait for this.
    pub fn concurrency(mut self, tenants: usize) -> Self {
        self.concurrency = tenants.max(1);
        self
    }

    /// Goes on behind this tenant, where work that was interrupted had got to: [`Progress::cursor`], [`TenantReport::cursor`].
    ///
    /// Nobody is left out. Who was done while somebody before them was still under way comes again.
    pub fn after(mut self, cursor: impl Into<Option<TenantId>>) -> Self {
        if let Some(cursor) = cursor.into() {
            self.tenants.retain(|tenant| *tenant > cursor);
        }
        self
    }

    /// Tells how far it is, each time that a tenant is done with.
    pub fn progress(mut self, tell: impl FnMut(Progress) + Send + 'a) -> Self {
        self.progress = Box::new(tell);
        self
    }

    /// Begins with no further tenant once this future is ready, such as a signal to shut down. Those that have begun
    /// come to their end.
    pub fn until(mut self, stop: impl Future<Output = ()> + Send + 'a) -> Self {
        self.stop = stop.boxed();
        self
    }

    /// Runs the closure for each tenant. That it fails or panics for one is in the report, and the others go on.
    ///
    /// If this future is dropped, what is under way is dropped with it, as scopes allow; what was done is done, and the
    /// last [`Progress`] tells where to go on.
    pub async fn run<F, Fut, R, E>(self, work: F) -> TenantReport<R, E>
    where
        F: Fn(TenantId) -> Fut,
        Fut: Future<Output = Result<R, E>>,
    {
        let Self { tenants, concurrency, mut progress, mut stop } = self;
        let mut round = Round::new(tenants);
        let mut running = FuturesUnordered::new();
        let mut stopped = false;
        loop {
            while running.len() < concurrency {
                stopped = stopped || poll!(&mut stop).is_ready();
                let Some(tenant) = (if stopped { None } else { round.begin() }) else { break };
                let work = &work;
                // The call is part of it, since a closure can panic before it gives a future.
                let done = AssertUnwindSafe(async move { work(tenant).await }).catch_unwind();
                running.push(done.map(move |done| (tenant, done)));
            }
            match running.next().await {
                Some((tenant, done)) => progress(round.end(tenant, outcome(done))),
                None => return round.report(),
            }
        }
    }
}

/// What came of it for one tenant.
type Outcome<R, E> = Result<R, TenantFailure<E>>;

fn outcome<R, E>(done: Result<Result<R, E>, Box<dyn Any + Send>>) -> Outcome<R, E> {
    match done {
        Ok(done) => done.map_err(TenantFailure::Error),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            Err(TenantFailure::Panic(
                text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default(),
            ))
        }
    }
}

impl fmt::Debug for ForEachTenant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForEachTenant")
            .field("tenants", &self.tenants.len())
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// Where work for many tenants stands.
struct Round<R, E> {
    waiting: vec::IntoIter<TenantId>,
    /// In ascending order; `None` while it is under way.
    begun: Vec<(TenantId, Option<Outcome<R, E>>)>,
    /// How many of those that have begun, from the first on, are done.
    through: usize,
    done: usize,
    failed: usize,
    total: usize,
}

impl<R, E> Round<R, E> {
    fn new(tenants: Vec<TenantId>) -> Self {
        let total = tenants.len();
        Self { waiting: tenants.into_iter(), begun: Vec::new(), through: 0, done: 0, failed: 0, total }
    }

    fn begin(&mut self) -> Option<TenantId> {
        let tenant = self.waiting.next()?;
        self.begun.push((tenant, None));
        Some(tenant)
    }

    fn end(&mut self, tenant: TenantId, outcome: Outcome<R, E>) -> Progress {
        let failed = outcome.is_err();
        self.done += 1;
        self.failed += usize::from(failed);
        if let Ok(at) = self.begun.binary_search_by_key(&tenant, |(tenant, _)| *tenant) {
            self.begun[at].1 = Some(outcome);
        }
        self.through +=
            self.begun[self.through..].iter().take_while(|(_, outcome)| outcome.is_some()).count();
        Progress {
            tenant,
            failed,
            done: self.done,
            failures: self.failed,
            total: self.total,
            cursor: self.cursor(),
        }
    }

    fn cursor(&self) -> Option<TenantId> {
        self.begun[..self.through].last().map(|(tenant, _)| *tenant)
    }

    fn report(self) -> TenantReport<R, E> {
        let cursor = self.cursor();
        let outcomes = self.begun.into_iter().filter_map(|(tenant, outcome)| Some((tenant, outcome?)));
        TenantReport { outcomes: outcomes.collect(), cursor, left: self.waiting.collect() }
    }
}

/// How far work for many tenants is, as a tenant is done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The tenant that is done with.
    pub tenant: TenantId,
    /// Whether it failed.
    pub failed: bool,
    /// How many are done with, those that failed among them.
    pub done: usize,
    /// How many of them failed.
    pub failures: usize,
    /// How many there are to do, this time.
    pub total: usize,
    /// The last tenant that all those up to it are done with, for [`after`](ForEachTenant::after).
    pub cursor: Option<TenantId>,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { done, failures, total, .. } = self;
        write!(f, "{done} of {total} tenants, {failures} failed")
    }
}

/// What came of work for many tenants.
#[derive(Debug)]
#[non_exhaustive]
pub struct TenantReport<R, E> {
    /// What it gave for each tenant, in ascending order.
    pub outcomes: Vec<(TenantId, Result<R, TenantFailure<E>>)>,
    /// The last tenant that is done with. To go on behind it, if some are left: [`after`](ForEachTenant::after).
    pub cursor: Option<TenantId>,
    /// Those that it did not begin with, because it was to stop.
    pub left: Vec<TenantId>,
}

impl<R, E> TenantReport<R, E> {
    /// The tenants for which it failed, and why.
    pub fn failures(&self) -> impl Iterator<Item = (TenantId, &TenantFailure<E>)> {
        self.outcomes.iter().filter_map(|(tenant, outcome)| Some((*tenant, outcome.as_ref().err()?)))
    }

    /// Whether it was done for all tenants, and failed for none.
    pub fn is_complete(&self) -> bool {
        self.left.is_empty() && self.failures().next().is_none()
    }
}

/// Why it failed for a tenant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TenantFailure<E> {
    /// The closure's error.
    #[error("{0}")]
    Error(E),
    /// It panicked, with this text.
    #[error("it panicked: {0}")]
    Panic(String),
}
