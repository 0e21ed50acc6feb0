//! The pool of the application's role, and the scopes it opens.

use std::time::Duration;

use tracing::Instrument;

use super::async_func::AsyncFunc;
use super::builder::PoolBuilder;
use super::deadline::{Deadline, answered};
use super::observe;
use super::pool::{Pool, PoolStatus};
use super::tenant::TenantConn;
use crate::audit::{self, Audit, Report};
use crate::error::Error;
use crate::membership::OpensScope;
use crate::seal::Seal;
use crate::tenant::TenantId;

/// Opens scopes: stretches of code in which only one tenant's rows exist.
///
/// Its role has no right to see anything outside a tenant's transaction, and
/// [`connect`](PoolBuilder::connect) refuses a role or a database of which that is not
/// true. Cloning is cheap and gives the same pool.
///
/// ```no_run
/// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
/// # use {crow_core::*, diesel::prelude::*};
/// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
/// # #[diesel(table_name = vehicles, primary_key(id))]
/// # struct Vehicle { id: uuid::Uuid, make: String }
/// # async fn example(url: &str, shop: TenantId) -> Result<(), Error> {
/// let pool = TenantPool::builder(url).max_size(16).connect().await?;
/// let hondas: Vec<Vehicle> = pool
///     .scope(shop, async |db| db.query().filter(vehicles::make.eq("Honda")).load(db).await)
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct TenantPool {
    pool: Pool,
    deadline: Duration,
}

impl TenantPool {
    /// Begins to describe a pool on the database at `url`, logging in as the application's role.
    pub fn builder(url: impl Into<String>) -> PoolBuilder<Self> {
        PoolBuilder::new(url.into(), 16)
    }

    /// Runs the closure as the tenant, each statement a transaction of its own.
    ///
    /// The tenant is a [`VerifiedTenant`](crate::VerifiedTenant), or a [`TenantId`] where the program itself chooses it.
    /// What the closure returns leaves the scope and must not refer to it; rows are plain data.
    ///
    /// # Errors
    ///
    /// The error of the closure. [`Error::PoolTimeout`], [`Error::Connection`] if there is no
    /// connection to run it on. [`Error::Deadline`] if it takes longer than the pool's deadline, and
    /// [`Error::CommitUnknown`] if that passed while COMMIT was under way.
    pub async fn scope<F, R, E>(&self, tenant: impl OpensScope, work: F) -> Result<R, E>
    where
        F: for<'r, 't> AsyncFnOnce(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r, 't> AsyncFunc<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send,
        R: Send,
        E: From<Error> + Send,
    {
        self.scope_for(tenant.__only_crow_implements_this(Seal), None, self.deadline(), work).await
    }

    /// Runs the closure as the tenant, if for an access then for one that is on record under this number.
    pub(super) async fn scope_for<F, R, E>(
        &self,
        tenant: TenantId,
        access: Option<i64>,
        deadline: Deadline,
        work: F,
    ) -> Result<R, E>
    where
        F: for<'r, 't> AsyncFnOnce(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r, 't> AsyncFunc<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send,
        R: Send,
        E: From<Error> + Send,
    {
        let mut conn = self.enter(tenant, access, deadline).await?;
        let span = conn.span.clone();
        let done = deadline.bound(work(&mut conn)).instrument(span).await;
        conn.finish(deadline, done).await
    }

    /// Runs the closure as the tenant in one transaction, which commits if it returns `Ok`.
    ///
    /// # Errors
    ///
    /// As for [`scope`](Self::scope) and [`TenantConn::transaction`].
    pub async fn transaction<F, R, E>(&self, tenant: impl OpensScope, work: F) -> Result<R, E>
    where
        F: for<'r, 't> AsyncFnOnce(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r, 't> AsyncFunc<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send,
        R: Send,
        E: From<Error> + Send,
    {
        self.build_transaction(tenant).run(work).await
    }

    /// The same pool, with another deadline for what begins here.
    ///
    /// Cheap: for one call, or kept for all of a kind.
    ///
    /// ```no_run
    /// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
    /// # use {crow_core::*, diesel::prelude::*, std::time::Duration};
    /// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
    /// # #[diesel(table_name = vehicles, primary_key(id))]
    /// # struct Vehicle { id: uuid::Uuid, make: String }
    /// # async fn example(pool: &TenantPool, shop: TenantId) -> Result<(), Error> {
    /// let reports = pool.with_deadline(Duration::from_secs(10 * 60));
    /// let count = reports.scope(shop, async |db| db.query::<Vehicle>().count(db).await).await?;
    /// # Ok(()) }
    /// ```
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { deadline, ..self.clone() }
    }

    /// How many connections there are, and what they do.
    pub fn status(&self) -> PoolStatus {
        self.pool.status()
    }

    /// Closes the pool, its clones with it, and waits up to the given time for its scopes to end.
    ///
    /// From here on a scope that has no connection yet ends in [`Error::PoolClosed`]. Idle
    /// connections are closed at once, the others when their scopes end. Scopes that take longer
    /// than `wait` are not interrupted: the status that is returned tells how many there are
    /// ([`in_use`](PoolStatus::in_use)), and 0 open connections mean that all has ended well.
    pub async fn close(&self, wait: Duration) -> PoolStatus {
        self.pool.close(wait).await
    }

    /// Asks everything that can be asked of the database on behalf of the pool's role: for a health check or a test.
    ///
    /// [`connect`](PoolBuilder::connect) asks what makes a database unsafe to open; this looks further, and again.
    /// It reads catalogs, with one query that takes about as long as there are tables (500 in half a second), so a
    /// health check does it once an hour rather than once a second.
    ///
    /// ```no_run
    /// # async fn example(pool: &crow_core::TenantPool) -> Result<(), crow_core::Error> {
    /// let report = pool.audit().await?;
    /// for finding in &report.findings {
    ///     println!("{finding}");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::PoolTimeout`], [`Error::Connection`], [`Error::Deadline`]. What is wrong with the database is no error.
    pub async fn audit(&self) -> Result<Report, Error> {
        let deadline = self.deadline();
        let mut session = self.pool.checkout(deadline).await?;
        let mark = session.begin()?;
        let report = deadline.bound(answered(Audit::of_the_pool().run(&mut session))).await??;
        mark.end();
        Ok(report)
    }

    /// When a unit of work that begins now has to be at its end.
    pub(super) fn deadline(&self) -> Deadline {
        Deadline::after(self.deadline)
    }

    pub(super) async fn enter<'t>(
        &self,
        tenant: TenantId,
        access: Option<i64>,
        deadline: Deadline,
    ) -> Result<TenantConn<'t>, Error> {
        let span = observe::scope(self.pool.name(), self.pool.database(), tenant, access);
        let session = self.pool.checkout(deadline).instrument(span.clone()).await?;
        Ok(TenantConn::new(session, tenant, access, span))
    }
}

impl PoolBuilder<TenantPool> {
    /// How long a unit of work may take; 30 seconds by default.
    ///
    /// A scope is one, and so is a transaction with all its attempts; the wait for a connection is
    /// part of it. The time is kept on this side, since a frozen server keeps none; past it the
    /// connection is closed, and the server stops what still runs on it.
    /// [`with_deadline`](TenantPool::with_deadline) gives another one to a call.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Opens the pool, after making sure that its role and its database keep tenants apart.
    ///
    /// # Errors
    ///
    /// [`Error::Unsafe`] with everything that is wrong and how to mend it: no `crow` schema or
    /// another version of it, a role that bypasses or could switch off row-level security, a
    /// table of tenants' rows without protection, a shared table that the role can write to, a view or
    /// a function that the role can use past the policies.
    /// [`Error::Invalid`] for a URL that cannot work, or a pooler in between that shares sessions and loses
    /// prepared statements. [`Error::Connection`] if the server cannot be reached or refuses the login.
    pub async fn connect(self) -> Result<TenantPool, Error> {
        let deadline = self.deadline;
        let pool = self.open("crow", false, audit::attest).await?;
        Ok(TenantPool { pool, deadline })
    }
}
