//! Transactions with options.

use tracing::Instrument;

use super::async_func::AsyncFunc;
use super::retrying::Retrying;
use super::tenant::TenantConn;
use super::tenant_pool::TenantPool;
use super::transaction::{Options, run};
use crate::error::Error;
use crate::membership::OpensScope;
use crate::seal::Seal;
use crate::tenant::TenantId;

/// A transaction that is being described.
///
/// `C` is where it will run: on a [`TenantConn`], or on a connection that a
/// [`TenantPool`] gives for it. The options travel with BEGIN, and BEGIN with the first statement. What is not said
/// is left to the settings of the role and the database, which are READ COMMITTED and READ WRITE
/// unless somebody changed them.
///
/// ```no_run
/// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
/// # use {crow_core::*, diesel::prelude::*};
/// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
/// # #[diesel(table_name = vehicles, primary_key(id))]
/// # struct Vehicle { id: uuid::Uuid, make: String }
/// # async fn example(pool: &TenantPool, shop: TenantId) -> Result<(), Error> {
/// let vehicles = pool
///     .build_transaction(shop)
///     .repeatable_read()
///     .read_only()
///     .run(async |tx| tx.query::<Vehicle>().load::<Vehicle>(tx).await)
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a transaction does nothing until it runs"]
pub struct TransactionBuilder<C> {
    on: C,
    options: Options,
}

impl<C> TransactionBuilder<C> {
    fn new(on: C) -> Self {
        Self { on, options: Options::default() }
    }

    /// Each statement sees what was committed when it began.
    pub fn read_committed(mut self) -> Self {
        self.options.isolation = Some("ISOLATION LEVEL READ COMMITTED");
        self
    }

    /// All statements see what was committed when the first of them began. Changing a row that
    /// somebody else has changed since ends in [`Error::Conflict`].
    pub fn repeatable_read(mut self) -> Self {
        self.options.isolation = Some("ISOLATION LEVEL REPEATABLE READ");
        self
    }

    /// As if no two transactions ran at the same time. One that cannot be fitted in ends in
    /// [`Error::Conflict`]: have it [`retrying`](Self::retrying).
    pub fn serializable(mut self) -> Self {
        self.options.isolation = Some("ISOLATION LEVEL SERIALIZABLE");
        self
    }

    /// Refuses to write: [`Error::ReadOnly`].
    pub fn read_only(mut self) -> Self {
        self.options.access = Some("READ ONLY");
        self
    }

    /// May write, also where the database's settings say otherwise.
    pub fn read_write(mut self) -> Self {
        self.options.access = Some("READ WRITE");
        self
    }

    /// Of use with [`serializable`](Self::serializable) and [`read_only`](Self::read_only) together:
    /// waits at its beginning until it can run without a conflict and at no cost to others. For
    /// reports.
    pub fn deferrable(mut self) -> Self {
        self.options.deferrable = Some("DEFERRABLE");
        self
    }

    /// Runs the transaction again when it conflicts with another one, up to so many times in all.
    ///
    /// Between attempts it waits 10 to 20 milliseconds, then twice as long each time, up to a
    /// second or two, and keeps its connection. The deadline of the unit of work covers all attempts.
    pub fn retrying(self, attempts: u32) -> Retrying<C> {
        Retrying::new(self.on, self.options, attempts)
    }
}

impl<'t> TenantConn<'t> {
    /// Begins to describe a transaction with an isolation level, read only, or retrying.
    pub fn build_transaction(&mut self) -> TransactionBuilder<&mut Self> {
        TransactionBuilder::new(self)
    }
}

impl<'t> TransactionBuilder<&mut TenantConn<'t>> {
    /// Runs the closure in the transaction, as [`TenantConn::transaction`] does.
    ///
    /// # Errors
    ///
    /// As for [`TenantConn::transaction`]; [`Error::Invalid`] for options inside another
    /// transaction.
    pub fn run<F, R, E>(self, work: F) -> impl Future<Output = Result<R, E>> + Send
    where
        F: for<'r> AsyncFnOnce(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r> AsyncFunc<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send,
        R: Send,
        E: From<Error> + Send,
    {
        run(self.on, self.options, work)
    }
}

impl TenantPool {
    /// Begins to describe a transaction of the tenant with an isolation level, read only, or
    /// retrying.
    pub fn build_transaction(&self, tenant: impl OpensScope) -> TransactionBuilder<(&Self, TenantId)> {
        TransactionBuilder::new((self, tenant.__only_crow_implements_this(Seal)))
    }
}

impl TransactionBuilder<(&TenantPool, TenantId)> {
    /// Runs the closure in the transaction, as [`TenantPool::transaction`] does.
    ///
    /// # Errors
    ///
    /// As for [`TenantPool::transaction`].
    pub async fn run<F, R, E>(self, work: F) -> Result<R, E>
    where
        F: for<'r, 't> AsyncFnOnce(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r, 't> AsyncFunc<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send,
        R: Send,
        E: From<Error> + Send,
    {
        let (pool, tenant) = self.on;
        let deadline = pool.deadline();
        let mut conn = pool.enter(tenant, None, deadline).await?;
        let span = conn.span.clone();
        let done = deadline.bound(run(&mut conn, self.options, work)).instrument(span).await;
        conn.finish(deadline, done).await
    }
}
