//! A pool that is held to one verified tenant.

use std::time::Duration;

use super::async_func::AsyncFunc;
use super::tenant::TenantConn;
use super::tenant_pool::TenantPool;
use super::transaction_builder::TransactionBuilder;
use crate::error::Error;
use crate::membership::VerifiedTenant;
use crate::tenant::TenantId;

/// Opens scopes for one tenant that was verified, and for no other.
///
/// What a handler is given in place of a pool: with it there is no tenant to pass, hence none to pass wrongly. Cloning is
/// cheap, and a clone goes by value to a task, a stream or a websocket.
///
/// ```no_run
/// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
/// # use {crow_core::*, diesel::prelude::*};
/// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
/// # #[diesel(table_name = vehicles, primary_key(id))]
/// # struct Vehicle { id: uuid::Uuid, make: String }
/// async fn hondas(shop: TenantScope) -> Result<Vec<Vehicle>, Error> {
///     shop.run(async |db| db.query().filter(vehicles::make.eq("Honda")).load(db).await).await
/// }
/// ```
#[derive(Debug, Clone)]
pub struct TenantScope {
    pool: TenantPool,
    tenant: VerifiedTenant,
}

impl TenantScope {
    /// The scopes of this tenant on this pool.
    pub fn new(pool: TenantPool, tenant: VerifiedTenant) -> Self {
        Self { pool, tenant }
    }

    /// The tenant.
    pub fn tenant(&self) -> VerifiedTenant {
        self.tenant
    }

    /// Runs the closure as the tenant, each statement a transaction of its own.
    ///
    /// # Errors
    ///
    /// As for [`TenantPool::scope`].
    pub async fn run<F, R, E>(&self, work: F) -> Result<R, E>
    where
        F: for<'r, 't> AsyncFnOnce(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r, 't> AsyncFunc<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send,
        R: Send,
        E: From<Error> + Send,
    {
        self.pool.scope(self.tenant, work).await
    }

    /// Runs the closure as the tenant in one transaction, which commits if it returns `Ok`.
    ///
    /// # Errors
    ///
    /// As for [`TenantPool::transaction`].
    pub async fn transaction<F, R, E>(&self, work: F) -> Result<R, E>
    where
        F: for<'r, 't> AsyncFnOnce(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r, 't> AsyncFunc<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send,
        R: Send,
        E: From<Error> + Send,
    {
        self.pool.transaction(self.tenant, work).await
    }

    /// Begins to describe a transaction of the tenant with an isolation level, read only, or
    /// retrying.
    pub fn build_transaction(&self) -> TransactionBuilder<(&TenantPool, TenantId)> {
        self.pool.build_transaction(self.tenant)
    }

    /// The same tenant on the same pool, with another deadline for what begins here.
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { pool: self.pool.with_deadline(deadline), tenant: self.tenant }
    }
}
