//! The connection of one tenant's scope.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tracing::Span;

use super::deadline::Deadline;
use super::observe;
use super::pool::{Pooled, give_back};
use super::session::{RESET, Session};
use super::transaction::Transaction;
use crate::error::Error;
use crate::model::{Model, TenantModel};
use crate::query::{Delete, InsertInto, RlsOnly, TenantQuery, Update};
use crate::scope::Brand;
use crate::tenant::TenantId;
use crate::tenant_bind::TenantBind;

/// A connection on which only the rows of one tenant exist.
///
/// Lent to the closure of [`TenantPool::scope`](crate::TenantPool::scope). `'t` names the scope:
/// what is built for one scope does not compile in another. Nothing of diesel's runs on it, only
/// the statements that begin here.
///
/// Each statement is a transaction of its own that is bound to the tenant, and travels with it in
/// one round trip; [`transaction`](Self::transaction) joins several. Statements take `&TenantConn`,
/// so under `try_join!` they travel together.
pub struct TenantConn<'t> {
    /// `None` only while the connection is being dropped.
    session: Option<Pooled>,
    tenant: TenantId,
    /// The number of the recorded access that opened this scope, if it is not the tenant's own.
    pub(super) access: Option<i64>,
    /// The scope as others see it; nothing if nobody watches.
    pub(super) span: Span,
    pub(super) transaction: Option<Transaction>,
    /// SQL of the user's own ran here and may have left something in the session.
    marked: AtomicBool,
    _scope: Brand<'t>,
}

impl<'t> TenantConn<'t> {
    pub(super) fn new(session: Pooled, tenant: TenantId, access: Option<i64>, span: Span) -> Self {
        Self {
            session: Some(session),
            tenant,
            access,
            span,
            transaction: None,
            marked: AtomicBool::new(false),
            _scope: Brand::new(),
        }
    }

    /// The tenant of this scope.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// A query over this tenant's rows of `M`, or over the shared rows of `M`.
    pub fn query<'q, M: Model>(&self) -> TenantQuery<'t, 'q, M> {
        TenantQuery::new(self.bind())
    }

    /// An insert of rows of `M`, which belong to this tenant.
    pub fn insert_into<M: TenantModel>(&self) -> InsertInto<'t, M> {
        InsertInto::new(self.bind())
    }

    /// An update of this tenant's rows of `M`.
    pub fn update<'q, M: TenantModel>(&self) -> Update<'t, 'q, M> {
        Update::update(self.bind())
    }

    /// A delete of this tenant's rows of `M`.
    pub fn delete<'q, M: TenantModel>(&self) -> Delete<'t, 'q, M> {
        Delete::delete(self.bind())
    }

    /// The door for SQL that the builder cannot say, such as `diesel::sql_query(..)`.
    ///
    /// The statement runs in the tenant's transaction, with the rights of the application's role:
    /// PostgreSQL's policies alone keep it to this tenant's rows, and nothing checks what it says.
    /// Search a code base for `rls_only` to find every such place.
    ///
    /// Statements that outlive their transaction (SET, LISTEN, WITH HOLD cursors, advisory locks)
    /// are undone when the scope ends, at the cost of one more round trip.
    pub fn rls_only<Q>(&self, query: Q) -> RlsOnly<'t, Q> {
        RlsOnly::new(query)
    }

    /// The tenant as statements give it that begin here. Where it has a transaction or a record, it is entered by that.
    fn bind(&self) -> TenantBind {
        match (&self.transaction, self.access) {
            (None, None) => TenantBind::entering(self.tenant),
            _ => TenantBind::entered(self.tenant),
        }
    }

    pub(crate) fn leave_marks(&self) {
        self.marked.store(true, Ordering::Release);
    }

    pub(super) fn session(&self) -> &Session {
        self.session.as_deref().expect("a connection has its session until it is dropped")
    }

    /// Gives the connection back to its pool when the work on it is done or late, and says what the
    /// work ended in.
    pub(super) async fn finish<R, E: From<Error>>(
        mut self,
        deadline: Deadline,
        done: Result<Result<R, E>, Error>,
    ) -> Result<R, E> {
        let late = match done {
            Ok(result) => {
                self.reset(deadline).await;
                return result;
            }
            Err(late) if self.session().is_committing() => Error::CommitUnknown(late.to_string()),
            Err(late) => late,
        };
        observe::late(&self.span, &late);
        Err(late.into())
    }

    /// Undoes what SQL of the user's own may have left in the session.
    async fn reset(&mut self, deadline: Deadline) {
        if !*self.marked.get_mut() || !self.is_clean() {
            return;
        }
        let mut conn: &AsyncPgConnection = self.session();
        if let Ok(Ok(())) = deadline.bound(conn.batch_execute(RESET)).await {
            *self.marked.get_mut() = false;
        }
    }

    fn is_clean(&self) -> bool {
        self.transaction.is_none() && self.session().is_idle()
    }
}

impl Drop for TenantConn<'_> {
    /// Closes a connection that is not known to be clean, rather than give it back.
    fn drop(&mut self) {
        let (clean, marked) = (self.is_clean(), *self.marked.get_mut());
        if let Some(session) = self.session.take() {
            if clean && marked {
                session.closing("unclean");
            }
            give_back(session, clean && !marked);
        }
    }
}

impl fmt::Debug for TenantConn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantConn").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}
