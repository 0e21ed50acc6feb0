//! Queries combined by UNION, INTERSECT and EXCEPT.

use std::fmt;

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use diesel::sql_types::BigInt;
use futures_util::future::BoxFuture;

use super::clauses::walk_limits;
use super::label::Label;
use super::load::Around;
use super::row::Loads;
use super::select::TenantQuery;
use super::statement::sql;
use crate::conn::TenantConn;
use crate::error::Error;
use crate::fragment::Fragment;
use crate::model::Model;
use crate::scope::Brand;

/// Queries of one scope combined by UNION, INTERSECT or EXCEPT, which all give rows of the type `ST`.
///
/// Combinations are written from left to right: `a.union(b).except(c)` is `(a UNION b) EXCEPT c`.
#[must_use = "a query does nothing until it is loaded"]
pub struct Combined<'t, 'q, ST> {
    rows: Rows<'q>,
    _types: Brand<'t, ST>,
}

/// The SQL of a combination. It knows no scope.
#[derive(Clone)]
struct Rows<'q> {
    query: Fragment<'q>,
    order: Vec<(u32, &'static str)>,
    limit: Option<i64>,
    offset: Option<i64>,
}

macro_rules! combinations {
    ($($(#[$doc:meta])* $name:ident = $keyword:literal;)+) => {
        $(
            $(#[$doc])*
            pub fn $name(self, other: impl Into<Combined<'t, 'q, ST>>) -> Combined<'t, 'q, ST> {
                Combined::both(self.into(), $keyword, other.into())
            }
        )+
    };
    () => {
        combinations! {
            /// All rows of both, each once.
            union = ") UNION (";
            /// All rows of both.
            union_all = ") UNION ALL (";
            /// The rows that both give, each once.
            intersect = ") INTERSECT (";
            /// The rows that both give, as often as both give them.
            intersect_all = ") INTERSECT ALL (";
            /// The rows of this one that the other does not give, each once.
            except = ") EXCEPT (";
            /// The rows of this one, less as many of each as the other gives.
            except_all = ") EXCEPT ALL (";
        }
    };
}

impl<'t, 'q, M: Model, ST, S, G> TenantQuery<'t, 'q, M, ST, S, G> {
    combinations!();
}

impl<'t, 'q, M: Model, ST, S, G> From<TenantQuery<'t, 'q, M, ST, S, G>> for Combined<'t, 'q, ST> {
    fn from(query: TenantQuery<'t, 'q, M, ST, S, G>) -> Self {
        Self::of(Fragment::new(query.clauses))
    }
}

impl<ST> Clone for Combined<'_, '_, ST> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone(), _types: self._types }
    }
}

impl<'t, 'q, ST> Combined<'t, 'q, ST> {
    combinations!();

    fn of(query: Fragment<'q>) -> Self {
        let rows = Rows { query, order: Vec::new(), limit: None, offset: None };
        Self { rows, _types: Brand::new() }
    }

    fn both(left: Self, keyword: &'static str, right: Self) -> Self {
        Self::of(Fragment::new(Both { left: left.rows, keyword, right: right.rows }))
    }

    /// The SQL, for a place that knows the scope.
    pub(super) fn into_fragment(self) -> Fragment<'q> {
        Fragment::new(self.rows)
    }

    /// Sorts by the columns with these numbers, the first being 1; further calls sort what is equal.
    pub fn order_by_column(mut self, number: u32) -> Self {
        self.rows.order.push((number, " ASC"));
        self
    }

    /// As [`order_by_column`](Self::order_by_column), the greatest first.
    pub fn order_by_column_desc(mut self, number: u32) -> Self {
        self.rows.order.push((number, " DESC"));
        self
    }

    /// At most this many rows.
    pub fn limit(mut self, rows: i64) -> Self {
        self.rows.limit = Some(rows);
        self
    }

    /// Leaves out this many rows first.
    pub fn offset(mut self, rows: i64) -> Self {
        self.rows.offset = Some(rows);
        self
    }

    /// Loads all rows.
    ///
    /// # Errors
    ///
    /// [`Error::Connection`] and the other faults of a statement; no rows are no error.
    pub fn load<'c, U>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<Vec<U>, Error>>
    where
        ST: Loads<U>,
        U: Send + 'static,
    {
        db.load::<ST, U>(Label::COMBINED, &[self.rows])
    }

    /// How many rows the combination gives, its limit and offset included.
    ///
    /// # Errors
    ///
    /// [`Error::Connection`] and the other faults of a statement.
    pub fn count<'c>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<i64, Error>> {
        db.get_result::<BigInt, i64>(
            Label::COMBINED,
            &[Around("SELECT count(*) FROM (", &self.rows, ") AS q")],
        )
    }
}

/// `(left) UNION (right)`
struct Both<'q> {
    left: Rows<'q>,
    keyword: &'static str,
    right: Rows<'q>,
}

impl QueryFragment<Pg> for Both<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(");
        self.left.walk_ast(out.reborrow())?;
        out.push_sql(self.keyword);
        self.right.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

impl<ST> QueryFragment<Pg> for Combined<'_, '_, ST> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.rows.walk_ast(out)
    }
}

impl QueryFragment<Pg> for Rows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.query.walk_ast(out.reborrow())?;
        for (n, (column, direction)) in self.order.iter().enumerate() {
            out.push_sql(if n == 0 { " ORDER BY " } else { ", " });
            out.push_sql(&column.to_string());
            out.push_sql(direction);
        }
        walk_limits(&self.limit, &self.offset, out)
    }
}

impl<ST> fmt::Debug for Combined<'_, '_, ST> {
    /// The SQL, without the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sql(self))
    }
}
