//! The pool of the application's role, and the scopes it opens.

use std::time::Duration;

use deadpool::Runtime;
use diesel_async::AsyncPgConnection;

use super::async_func::AsyncFunc;
use super::session::{Manager, Pool, checkout};
use super::tenant::TenantConn;
use crate::audit;
use crate::error::Error;
use crate::tenant::TenantId;

/// Opens scopes: stretches of code in which only one tenant's rows exist.
///
/// Its role has no right to see anything outside a tenant's transaction, and
/// [`connect`](TenantPoolBuilder::connect) refuses a role or a database of which that is not
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
    pub fn builder(url: impl Into<String>) -> TenantPoolBuilder {
        TenantPoolBuilder { settings: PoolSettings::new(url.into()), deadline: Duration::from_secs(30) }
    }

    /// Runs the closure as the tenant, each statement a transaction of its own.
    ///
    /// What the closure returns leaves the scope and must not refer to it; rows are plain data.
    ///
    /// # Errors
    ///
    /// The error of the closure. [`Error::PoolTimeout`], [`Error::Connection`] if there is no
    /// connection to run it on. [`Error::Deadline`] if it runs longer than the pool's deadline.
    pub async fn scope<F, R, E>(&self, tenant: TenantId, work: F) -> Result<R, E>
    where
        F: for<'r, 't> AsyncFnOnce(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r, 't> AsyncFunc<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send,
        R: Send,
        E: From<Error> + Send,
    {
        let mut conn = self.enter(tenant).await?;
        let result = within(self.deadline, work(&mut conn)).await;
        conn.finish(self.deadline).await;
        result
    }

    /// Runs the closure as the tenant in one transaction, which commits if it returns `Ok`.
    ///
    /// # Errors
    ///
    /// As for [`scope`](Self::scope) and [`TenantConn::transaction`].
    pub async fn transaction<F, R, E>(&self, tenant: TenantId, work: F) -> Result<R, E>
    where
        F: for<'r, 't> AsyncFnOnce(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r, 't> AsyncFunc<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send,
        R: Send,
        E: From<Error> + Send,
    {
        let mut conn = self.enter(tenant).await?;
        let result = within(self.deadline, conn.transaction(work)).await;
        conn.finish(self.deadline).await;
        result
    }

    async fn enter<'t>(&self, tenant: TenantId) -> Result<TenantConn<'t>, Error> {
        Ok(TenantConn::new(checkout(&self.pool).await?, tenant))
    }
}

/// Runs a unit of work to its deadline. Past it the work is dropped where it stands, which leaves
/// its connection marked, and so closed.
pub(super) async fn within<R, E: From<Error>>(
    deadline: Duration,
    work: impl Future<Output = Result<R, E>>,
) -> Result<R, E> {
    tokio::time::timeout(deadline, work).await.unwrap_or_else(|_| Err(Error::Deadline.into()))
}

/// Describes a [`TenantPool`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it connects"]
pub struct TenantPoolBuilder {
    settings: PoolSettings,
    deadline: Duration,
}

impl TenantPoolBuilder {
    /// The most connections the pool opens; 16 by default.
    pub fn max_size(mut self, connections: usize) -> Self {
        self.settings.max_size = connections;
        self
    }

    /// How long a scope waits for a free connection; 5 seconds by default.
    pub fn wait_timeout(mut self, wait: Duration) -> Self {
        self.settings.wait_timeout = wait;
        self
    }

    /// How long a scope may run; 30 seconds by default. Kept on this side, since a frozen server
    /// keeps no time; past it the connection is closed.
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
    /// table of tenants' rows without protection, a shared table that the role can write to.
    /// [`Error::Connection`] if the server cannot be reached or refuses the login.
    pub async fn connect(self) -> Result<TenantPool, Error> {
        let pool = self.settings.open("crow", String::new())?;
        answered(audit::attest, &pool).await?;
        Ok(TenantPool { pool, deadline: self.deadline })
    }
}

/// How long a pool waits for the server to open a connection or to answer a question of its own.
pub(super) const ANSWER: Duration = Duration::from_secs(15);

/// Asks the server something on a connection of the pool, and closes the connection if there is no answer.
pub(super) async fn answered<R>(
    question: impl AsyncFnOnce(&mut &AsyncPgConnection) -> Result<R, Error>,
    pool: &Pool,
) -> Result<R, Error> {
    let session = checkout(pool).await?;
    let mark = session.begin()?;
    let mut conn: &AsyncPgConnection = &session;
    let answer = within(ANSWER, question(&mut conn)).await;
    if !matches!(answer, Err(Error::Deadline)) {
        mark.end();
    }
    answer
}

/// What both kinds of pool can be told.
#[derive(Clone)]
pub(super) struct PoolSettings {
    url: String,
    pub(super) max_size: usize,
    pub(super) wait_timeout: Duration,
}

impl PoolSettings {
    pub(super) fn new(url: String) -> Self {
        Self { url, max_size: 16, wait_timeout: Duration::from_secs(5) }
    }

    /// `prepare` runs on a connection when it is new, and before it is handed out again.
    pub(super) fn open(&self, application: &str, prepare: String) -> Result<Pool, Error> {
        if self.max_size == 0 {
            return Err(Error::Invalid(
                "a pool of no connections can serve nobody: set `max_size` to 1 or more".into(),
            ));
        }
        Pool::builder(Manager::new(&self.url, application, prepare)?)
            .max_size(self.max_size)
            .wait_timeout(Some(self.wait_timeout))
            .create_timeout(Some(ANSWER))
            .recycle_timeout(Some(ANSWER))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::Invalid(format!("the pool cannot be built: {error}")))
    }
}

impl std::fmt::Debug for PoolSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PoolSettings")
            .field("url", &"(withheld)")
            .field("max_size", &self.max_size)
            .field("wait_timeout", &self.wait_timeout)
            .finish()
    }
}
