//! The door for SQL that the builder cannot say.

use diesel::pg::Pg;
use diesel::query_builder::{AsQuery, QueryFragment};
use futures_util::future::BoxFuture;

use super::label::Label;
use super::row::Loads;
use crate::conn::TenantConn;
use crate::error::Error;
use crate::scope::Brand;

/// A statement that only the database's policies guard, from
/// [`TenantConn::rls_only`](crate::TenantConn::rls_only).
#[must_use = "a statement does nothing until it is executed"]
pub struct RlsOnly<'t, Q> {
    query: Q,
    _scope: Brand<'t>,
}

impl<'t, Q> RlsOnly<'t, Q> {
    pub(crate) fn new(query: Q) -> Self {
        Self { query, _scope: Brand::new() }
    }

    /// Runs the statement and loads its rows.
    ///
    /// # Errors
    ///
    /// [`Error::NoTenant`] if the SQL ended the transaction, and the other faults of a statement.
    pub fn load<'c, U>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<Vec<U>, Error>>
    where
        Q: AsQuery<Query: QueryFragment<Pg>>,
        Q::SqlType: Loads<U>,
        U: Send + 'static,
    {
        db.leave_marks();
        db.load::<Q::SqlType, U>(Label::RLS_ONLY, &[self.query.as_query()])
    }

    /// Runs the statement and loads its first row.
    ///
    /// # Errors
    ///
    /// As for [`load`](Self::load); [`Error::NotFound`] if there is none.
    pub fn get_result<'c, U>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<U, Error>>
    where
        Q: AsQuery<Query: QueryFragment<Pg>>,
        Q::SqlType: Loads<U>,
        U: Send + 'static,
    {
        db.leave_marks();
        db.get_result::<Q::SqlType, U>(Label::RLS_ONLY, &[self.query.as_query()])
    }

    /// Runs the statement and tells how many rows it affected.
    ///
    /// # Errors
    ///
    /// As for [`load`](Self::load).
    pub fn execute<'c>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<usize, Error>>
    where
        Q: QueryFragment<Pg>,
    {
        db.leave_marks();
        db.execute(Label::RLS_ONLY, &[self.query])
    }
}
