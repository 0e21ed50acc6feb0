//! The one door to the rows of all tenants.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use diesel::connection::get_default_instrumentation;
use diesel::sql_types::{Nullable, Text, Timestamptz, Uuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::{TryFutureExt, join};
use tokio::task::AbortHandle;

use super::access::Access;
use super::async_func::AsyncFunc;
use super::builder::PoolBuilder;
use super::deadline::{Deadline, answered};
use super::flight::{BeginWriting, Commit, message};
use super::observe;
use super::pool::{Pool, PoolStatus, Pooled, give_back};
use super::pooler::keeps_session;
use super::session::{RESET, Session, Unfinished};
use super::tenant::TenantConn;
use super::tenant_pool::TenantPool;
use crate::audit;
use crate::error::Error;
use crate::tenant::TenantId;

/// Hands out connections that see the rows of all tenants, each with a stated reason and a record.
///
/// Its role is another one than the application's, with credentials of its own; no setting of a
/// [`TenantPool`] leads here. Cloning is cheap and gives the same pool.
///
/// Its connections keep what marks them in their session, so between this pool and the server
/// there must be no proxy that pools transactions.
#[derive(Debug, Clone)]
pub struct AdminPool {
    pool: Pool,
}

impl AdminPool {
    /// Begins to describe a pool on the database at `url`, logging in as the admin role.
    pub fn builder(url: impl Into<String>) -> PoolBuilder<Self> {
        PoolBuilder::new(url.into(), 4)
    }

    /// A connection across all tenants, after the access has been recorded in `crow.access_log`.
    ///
    /// The record is committed before the connection is there. If this future is dropped, or the
    /// server is lost in between, there may be a record without a connection, and never a
    /// connection without a record.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for an actor or reason that cannot be recorded, [`Error::AccessExpired`].
    /// If the record cannot be written there is no connection: [`Error::PoolTimeout`],
    /// [`Error::Connection`] and other faults.
    pub async fn get(&self, access: Access) -> Result<AdminConn, Error> {
        self.open(&access, None).await
    }

    /// Runs the closure as one tenant, for somebody who helps that tenant.
    ///
    /// The access is recorded by the admin role, with the tenant. What the closure does runs on
    /// `pool`, as the application's role: the tenant's policies bind it as they bind the tenant. The
    /// server lets it write only if the record says so, and lets it do nothing once the access has
    /// expired; in each transaction `crow.access` holds the number of the record.
    ///
    /// ```no_run
    /// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
    /// # use {crow_core::*, diesel::prelude::*};
    /// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
    /// # #[diesel(table_name = vehicles, primary_key(id))]
    /// # struct Vehicle { id: uuid::Uuid, make: String }
    /// # async fn example(admin: &AdminPool, pool: &TenantPool, shop: TenantId) -> Result<(), Error> {
    /// let access = Access::new("Ada", "ticket 4711: a vehicle is missing");
    /// let vehicles: Vec<Vehicle> =
    ///     admin.as_tenant(pool, shop, access, async |db| db.query().load(db).await).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`get`](Self::get), and without a record the closure does not run; then those of
    /// [`TenantPool::scope`]. [`Error::AccessExpired`] also if the access expires meanwhile, which
    /// closes the connection. [`Error::Invalid`] if `pool` is on another database than the record.
    pub async fn as_tenant<F, R, E>(
        &self,
        pool: &TenantPool,
        tenant: TenantId,
        access: Access,
        work: F,
    ) -> Result<R, E>
    where
        F: for<'r, 't> AsyncFnOnce(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r, 't> AsyncFunc<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send,
        R: Send,
        E: From<Error> + Send,
    {
        let recorded = self.open(&access, Some(tenant)).await?;
        let number = recorded.number();
        drop(recorded);
        let deadline = pool.deadline().or_expired_after(access.left()?);
        pool.scope_for(tenant, Some(number), deadline, work).await
    }

    /// How many connections there are, and what they do.
    pub fn status(&self) -> PoolStatus {
        self.pool.status()
    }

    /// Closes the pool, as [`TenantPool::close`] does.
    pub async fn close(&self, wait: Duration) -> PoolStatus {
        self.pool.close(wait).await
    }

    async fn open(&self, access: &Access, tenant: Option<TenantId>) -> Result<AdminConn, Error> {
        access.check()?;
        let mut conn = AdminConn {
            session: Some(self.pool.checkout(Deadline::none()).await?),
            number: None,
            watch: None,
        };
        let number = conn.session().answer(async |conn| record(conn, access, tenant).await).await?;
        conn.number = Some(number);
        observe::accessed(number, access, tenant);
        if let Some(left) = access.left()? {
            conn.cut_after(left);
        }
        Ok(conn)
    }
}

#[diesel::declare_sql_function]
extern "SQL" {
    #[sql_name = "crow.record_access"]
    fn record_access(
        actor: Text,
        reason: Text,
        mode: Text,
        tenant: Nullable<Uuid>,
        expires: Nullable<Timestamptz>,
    ) -> BigInt;
}

/// Writes the record, in a transaction of its own, and gives its number.
async fn record(
    mut conn: &AsyncPgConnection,
    access: &Access,
    tenant: Option<TenantId>,
) -> Result<i64, Error> {
    let begin = message(conn, BeginWriting);
    let commit = message(conn, Commit);
    let record = diesel::select(record_access(
        &access.actor,
        &access.reason,
        access.mode(),
        tenant.map(|tenant| tenant.as_uuid()),
        access.expires,
    ));
    let (begin, number, commit) = join!(begin, record.load::<i64>(&mut conn), commit);
    begin?;
    let number = number?.pop().ok_or(Error::NotFound)?;
    commit?;
    Ok(number)
}

/// A connection that sees the rows of all tenants, for everything that diesel can do.
///
/// It derefs to [`AsyncPgConnection`], so diesel-async's `RunQueryDsl` and
/// `AsyncConnection::transaction` work on it.
///
/// Unless its [`Access`] is for [writing](Access::writing), all transactions on it are read-only,
/// whatever runs in them. That is a setting of the session and holds until a statement of its own
/// says otherwise (`BEGIN READ WRITE`, `SET default_transaction_read_only`): it is a guard against
/// mistakes and against SQL injected into a statement, not against whoever writes the code. A pool
/// that must never write logs in as a role that was granted no more than SELECT.
///
/// When it is dropped, its transaction is rolled back and its session emptied, in the background,
/// before its pool hands it out again; if that fails the connection is closed. When its access
/// expires the connection is cut, and the server stops what is still running on it.
pub struct AdminConn {
    /// `None` only while the connection is being dropped.
    session: Option<Pooled>,
    /// `None` only before it is recorded.
    number: Option<i64>,
    watch: Option<AbortHandle>,
}

impl AdminConn {
    /// The number of this access: its `id` in `crow.access_log`, and `crow.access` in its session.
    pub fn number(&self) -> i64 {
        self.number.expect("a connection is handed out when its access has been recorded")
    }

    fn session(&self) -> &Session {
        self.session.as_deref().expect("a connection has its session until it is dropped")
    }

    /// Cuts the connection after this time, whoever holds it by then.
    fn cut_after(&mut self, left: Duration) {
        let knife = self.session().knife();
        let watch = tokio::spawn(async move {
            tokio::time::sleep(left).await;
            knife.cut("expired");
        });
        self.watch = Some(watch.abort_handle());
    }
}

impl Deref for AdminConn {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        self.session()
    }
}

impl DerefMut for AdminConn {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        self.session.as_deref_mut().expect("a connection has its session until it is dropped")
    }
}

impl Drop for AdminConn {
    fn drop(&mut self) {
        self.watch.take().inspect(AbortHandle::abort);
        let Some(session) = self.session.take() else { return };
        // The mark goes along, so that a connection of which the runtime drops the rest is closed.
        match (session.begin(), tokio::runtime::Handle::try_current()) {
            (Ok(mark), Ok(runtime)) => drop(runtime.spawn(release(session, self.number, mark))),
            _ => give_back(session, false),
        }
    }
}

/// Gives a connection back to its pool with an empty session, or closes it.
///
/// Whoever holds the connection can put another one in its place, which has not the mark, or make the
/// server forget what the driver has prepared, to which COMMIT belongs since the access was recorded.
async fn release(mut session: Pooled, number: Option<i64>, mark: Unfinished) {
    let number = number.map(|number| number.to_string()).unwrap_or_default();
    let reset = format!(
        "ROLLBACK; DO $$ BEGIN \
         IF coalesce(pg_catalog.current_setting('crow.access', true), '') OPERATOR(pg_catalog.<>) '{number}' \
         OR NOT EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE statement OPERATOR(pg_catalog.=) 'COMMIT') \
         THEN RAISE 'this session is not as the access found it'; END IF; END $$; {RESET}"
    );
    session.set_instrumentation(get_default_instrumentation());
    let mut conn: &AsyncPgConnection = &session;
    match answered(conn.batch_execute(&reset).map_err(Error::from)).await {
        Ok(()) => {
            mark.end();
            give_back(session, true);
        }
        Err(_) => {
            session.knife().cut("unclean");
            give_back(session, false);
        }
    }
}

impl std::fmt::Debug for AdminConn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdminConn").field("number", &self.number).finish_non_exhaustive()
    }
}

impl PoolBuilder<AdminPool> {
    /// Opens the pool, after making sure that its role sees all tenants and that its accesses can
    /// be recorded.
    ///
    /// # Errors
    ///
    /// [`Error::Unsafe`] for a role that cannot record its accesses, that could change the record,
    /// or that row-level security would show a part of the rows; [`Error::Invalid`] for a URL that cannot work, or a
    /// pooler in between that pools transactions; [`Error::Connection`] if the server cannot be reached or refuses the
    /// login.
    pub async fn connect(self) -> Result<AdminPool, Error> {
        let pool = self
            .open("crow-admin", true, async |conn| {
                keeps_session(conn).await?;
                audit::attest_admin(conn).await
            })
            .await?;
        Ok(AdminPool { pool })
    }
}
