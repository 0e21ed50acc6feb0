//! Rows that are locked while a transaction works with them.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use futures_util::future::BoxFuture;

use super::label::Label;
use super::row::Loads;
use super::select::TenantQuery;
use crate::conn::TenantConn;
use crate::error::Error;
use crate::model::{Model, ScopedTable};
use crate::query::sql;
use diesel::query_source::{AppearsInFromClause, Once};

/// A query that locks the rows it gives until the transaction ends, which outside a `transaction` is at
/// once.
#[must_use = "a query does nothing until it is loaded"]
pub struct Locked<'t, 'q, M: Model, ST, S> {
    query: TenantQuery<'t, 'q, M, ST, S>,
    strength: &'static str,
    of: Vec<String>,
    wait: &'static str,
}

impl<'t, 'q, M: Model, ST, S> TenantQuery<'t, 'q, M, ST, S> {
    /// Locks the rows against every other change and lock.
    pub fn for_update(self) -> Locked<'t, 'q, M, ST, S> {
        self.locked(" FOR UPDATE")
    }

    /// As [`for_update`](Self::for_update), but lets others refer to the rows by foreign keys.
    pub fn for_no_key_update(self) -> Locked<'t, 'q, M, ST, S> {
        self.locked(" FOR NO KEY UPDATE")
    }

    /// Locks the rows against changes, together with others that do so.
    pub fn for_share(self) -> Locked<'t, 'q, M, ST, S> {
        self.locked(" FOR SHARE")
    }

    /// Locks the rows against changes of their keys, together with others that do so.
    pub fn for_key_share(self) -> Locked<'t, 'q, M, ST, S> {
        self.locked(" FOR KEY SHARE")
    }

    fn locked(self, strength: &'static str) -> Locked<'t, 'q, M, ST, S> {
        Locked { query: self, strength, of: Vec::new(), wait: "" }
    }
}

impl<'t, M: Model, ST, S> Locked<'t, '_, M, ST, S> {
    /// Leaves out rows that somebody else has locked, rather than wait for them.
    pub fn skip_locked(mut self) -> Self {
        self.wait = " SKIP LOCKED";
        self
    }

    /// Fails if somebody else has locked a row, rather than wait for it.
    pub fn no_wait(mut self) -> Self {
        self.wait = " NOWAIT";
        self
    }

    /// Locks rows of this table of a join only; several calls name several tables.
    pub fn of<T: ScopedTable>(mut self, table: T) -> Self
    where
        S: AppearsInFromClause<T, Count = Once>,
    {
        self.of.push(sql(&table.from_clause()));
        self
    }

    /// Loads all rows, and locks them.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] after a deadlock, and the other faults of a statement; no rows are no error.
    pub fn load<'c, U>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<Vec<U>, Error>>
    where
        ST: Loads<U>,
        U: Send + 'static,
    {
        db.load::<ST, U>(Label::select::<M>(), &[self])
    }

    /// Loads the first row, and locks it.
    ///
    /// # Errors
    ///
    /// As for [`load`](Self::load); [`Error::NotFound`] if there is none.
    pub fn first<'c, U>(mut self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<U, Error>>
    where
        ST: Loads<U>,
        U: Send + 'static,
    {
        self.query = self.query.limit(1);
        db.get_result::<ST, U>(Label::select::<M>(), &[self])
    }
}

impl<M: Model, ST, S> QueryFragment<Pg> for Locked<'_, '_, M, ST, S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(self.strength);
        for (n, table) in self.of.iter().enumerate() {
            out.push_sql(if n == 0 { " OF " } else { ", " });
            out.push_sql(table);
        }
        out.push_sql(self.wait);
        Ok(())
    }
}
