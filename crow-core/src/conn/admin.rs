//! The one door to the rows of all tenants.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::builder::PoolBuilder;
use super::pool::{Pool, PoolStatus, Pooled};
use super::session::RESET;
use crate::audit;
use crate::error::Error;

/// Hands out connections that see the rows of all tenants, each with a stated reason and a record.
///
/// Its role is another one than the application's, with credentials of its own; no setting of a
/// [`TenantPool`](crate::TenantPool) leads here. Cloning is cheap and gives the same pool.
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
    /// # Errors
    ///
    /// [`Error::Invalid`] for an empty actor or reason. If the record cannot be written there is
    /// no connection: [`Error::PoolTimeout`], [`Error::Connection`] and other faults.
    pub async fn get(&self, access: Access) -> Result<AdminConn, Error> {
        access.check()?;
        let session = self.pool.checkout().await?;
        let record = diesel::sql_query("SELECT crow.record_access($1, $2, 'write', NULL)")
            .bind::<Text, _>(access.actor)
            .bind::<Text, _>(access.reason);
        session.answer(async |conn| Ok(record.execute(conn).await?)).await?;
        Ok(AdminConn { session })
    }

    /// How many connections there are, and what they do.
    pub fn status(&self) -> PoolStatus {
        self.pool.status()
    }

    /// Closes the pool, as [`TenantPool::close`](crate::TenantPool::close) does.
    pub async fn close(&self, wait: Duration) -> PoolStatus {
        self.pool.close(wait).await
    }
}

/// Who crosses the border between tenants, and why. Both end up in `crow.access_log`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    actor: String,
    reason: String,
}

impl Access {
    /// `actor` names a person or a job, such as `"billing-job"`; `reason` says why, such as
    /// `"monthly invoices"`. Neither may be empty.
    pub fn new(actor: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { actor: actor.into(), reason: reason.into() }
    }

    fn check(&self) -> Result<(), Error> {
        for (name, value) in [("actor", &self.actor), ("reason", &self.reason)] {
            if value.trim().is_empty() {
                return Err(Error::Invalid(format!(
                    "access across tenants needs an {name}: `Access::new(\"billing-job\", \"monthly invoices\")`"
                )));
            }
        }
        Ok(())
    }
}

/// A connection that sees the rows of all tenants, for everything that diesel can do.
///
/// It derefs to [`AsyncPgConnection`], so diesel-async's `RunQueryDsl` and
/// `AsyncConnection::transaction` work on it.
pub struct AdminConn {
    session: Pooled,
}

impl Deref for AdminConn {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.session
    }
}

impl DerefMut for AdminConn {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        &mut self.session
    }
}

impl std::fmt::Debug for AdminConn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminConn")
    }
}

impl PoolBuilder<AdminPool> {
    /// Opens the pool, after making sure that its role sees all tenants and that its accesses can
    /// be recorded.
    ///
    /// # Errors
    ///
    /// [`Error::Unsafe`] for a role that cannot record its accesses, that could change the record,
    /// or that row-level security would show a part of the rows; [`Error::Connection`] if the server cannot be reached or
    /// refuses the login.
    pub async fn connect(self) -> Result<AdminPool, Error> {
        // With row_security off a role that lost BYPASSRLS gets an error, not a part of the rows.
        let prepare = format!("{RESET} SET row_security = off");
        let pool = self.open("crow-admin", prepare, audit::attest_admin).await?;
        Ok(AdminPool { pool })
    }
}
