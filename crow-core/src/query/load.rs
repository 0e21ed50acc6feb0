//! Reading: what is done with a query.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Bool};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use super::label::Label;
use super::row::Loads;
use super::select::TenantQuery;
use crate::conn::TenantConn;
use crate::error::Error;
use crate::model::Model;
use crate::scope::Uncorrelated;

// The bound on `C` is on the methods, since on the impl its message would be lost.
impl<'t, M: Model, ST, S, G, C> TenantQuery<'t, '_, M, ST, S, G, C> {
    /// Loads all rows.
    ///
    /// # Errors
    ///
    /// [`Error::Connection`] and the other faults of a statement; no rows are no error.
    pub fn load<'c, U>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<Vec<U>, Error>>
    where
        C: Uncorrelated,
        ST: Loads<U>,
        U: Send + 'static,
    {
        db.load::<ST, U>(Label::select::<M>(), &[self.clauses])
    }

    /// Loads the first row.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none: [`.optional()`](crate::Optional) makes that `None`.
    pub fn first<'c, U>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<U, Error>>
    where
        C: Uncorrelated,
        ST: Loads<U>,
        U: Send + 'static,
    {
        self.limit(1).get_result(db)
    }

    /// Loads one row, for queries that are known to give one, such as aggregates.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none: [`.optional()`](crate::Optional) makes that `None`.
    pub fn get_result<'c, U>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<U, Error>>
    where
        C: Uncorrelated,
        ST: Loads<U>,
        U: Send + 'static,
    {
        db.get_result::<ST, U>(Label::select::<M>(), &[self.clauses])
    }

    /// Loads rows as they are asked for, holding few of them at a time however many there are.
    ///
    /// The stream has the connection to itself until it ends: a statement beside it would wait for rows
    /// that nobody takes. Outside a `transaction` it is a transaction of its own. If it is dropped before
    /// its last row the connection is closed when the scope ends.
    ///
    /// # Errors
    ///
    /// An item is an error where a statement's result would be; it is the last one.
    pub fn stream<'c, U>(self, db: &'c mut TenantConn<'t>) -> BoxStream<'c, Result<U, Error>>
    where
        C: Uncorrelated,
        ST: Loads<U>,
        U: Send + 'static,
    {
        db.stream::<ST, U>(Label::select::<M>(), &self.clauses)
    }

    /// How many rows the query gives, its limit and offset included.
    ///
    /// # Errors
    ///
    /// [`Error::Connection`] and the other faults of a statement.
    pub fn count<'c>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<i64, Error>>
    where
        C: Uncorrelated,
    {
        db.get_result::<BigInt, i64>(
            Label::select::<M>(),
            &[Around("SELECT count(*) FROM (", &self.clauses, ") AS q")],
        )
    }

    /// Whether the query gives any row.
    ///
    /// # Errors
    ///
    /// [`Error::Connection`] and the other faults of a statement.
    pub fn exists<'c>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<bool, Error>>
    where
        C: Uncorrelated,
    {
        db.get_result::<Bool, bool>(Label::select::<M>(), &[Around("SELECT EXISTS (", &self.clauses, ")")])
    }
}

/// A query inside another, for what is asked of its rows as a whole.
pub(super) struct Around<'a>(
    pub(super) &'static str,
    pub(super) &'a (dyn QueryFragment<Pg> + Sync),
    pub(super) &'static str,
);

impl QueryFragment<Pg> for Around<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Self(before, query, after) = self;
        out.push_sql(before);
        query.walk_ast(out.reborrow())?;
        out.push_sql(after);
        Ok(())
    }
}
