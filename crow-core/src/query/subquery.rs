//! A query as part of another one of the same scope.

use std::marker::PhantomData;

use diesel::expression::array_comparison::{AsInExpression, InExpression};
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, TypedExpressionType, ValidGrouping, is_aggregate,
};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Bool, IntoNullable, SqlType};

use super::combine::Combined;
use super::select::TenantQuery;
use crate::model::Model;
use crate::scope::{CorrelatedIn, InScope};

/// A query of a scope.
#[diagnostic::on_unimplemented(
    message = "only a query of the same scope can be a subquery",
    label = "not a query of this tenant",
    note = "write `db.query::<Model>()` in place of `table.filter(..)`"
)]
pub trait Subselect {}

impl<M: Model, ST, S, G, C> Subselect for TenantQuery<'_, '_, M, ST, S, G, C> {}

impl<ST> Subselect for Combined<'_, '_, ST> {}

/// A query that can stand inside another one over `Outer`, in the scope `'t`.
///
/// For its own scope only: this is what keeps the queries of two tenants apart.
pub trait SubqueryIn<'t, Outer>: Subselect {}

impl<'t, Outer, M: Model, ST, S, G, C> SubqueryIn<'t, Outer> for TenantQuery<'t, '_, M, ST, S, G, C> where
    C: CorrelatedIn<Outer>
{
}

impl<'t, Outer, ST> SubqueryIn<'t, Outer> for Combined<'t, '_, ST> {}

/// What the static skeleton of an expression has in place of a query, whose scope is checked with
/// the expression itself.
#[derive(Debug, Clone)]
pub struct Checked;

impl Subselect for Checked {}

impl<Outer> SubqueryIn<'_, Outer> for Checked {}

/// A subquery as an expression of the type `ST`.
pub struct Subquery<Q, ST, F> {
    query: Q,
    _types: PhantomData<fn() -> (ST, F)>,
}

/// How a subquery is written.
pub trait Form: 'static {
    #[doc(hidden)]
    const AROUND: (&'static str, &'static str);
}

/// A column of values, for `eq_any` and `ne_all`, which write what is around it.
#[derive(Debug)]
pub struct Values;

impl Form for Values {
    const AROUND: (&'static str, &'static str) = ("", "");
}

/// A single value.
#[derive(Debug)]
pub struct Value;

impl Form for Value {
    const AROUND: (&'static str, &'static str) = ("(", ")");
}

/// Whether there is a row.
#[derive(Debug)]
pub struct Existence;

impl Form for Existence {
    const AROUND: (&'static str, &'static str) = ("EXISTS (", ")");
}

/// Whether a query of this scope gives any row, as a condition in another one.
///
/// To ask the database that alone, load it: `query.exists(db)`. See
/// [`correlate`](TenantQuery::correlate) for a subquery that refers to the query around it.
pub fn exists<Q: Subselect>(query: Q) -> Subquery<Q, Bool, Existence> {
    Subquery::new(query)
}

impl<M: Model, ST, S, G, C> TenantQuery<'_, '_, M, ST, S, G, C> {
    /// The one value that the query gives, as an expression in another one; NULL if there is none.
    pub fn single_value(self) -> Subquery<Self, ST::Nullable, Value>
    where
        ST: SqlType + IntoNullable,
    {
        Subquery::new(self)
    }
}

impl<Q, ST, F> Subquery<Q, ST, F> {
    fn new(query: Q) -> Self {
        Self { query, _types: PhantomData }
    }
}

impl<M: Model, ST, S, G, C> AsInExpression<ST> for TenantQuery<'_, '_, M, ST, S, G, C>
where
    ST: SqlType + TypedExpressionType,
{
    type InExpression = Subquery<Self, ST, Values>;

    fn as_in_expression(self) -> Self::InExpression {
        Subquery::new(self)
    }
}

impl<ST> AsInExpression<ST> for Combined<'_, '_, ST>
where
    ST: SqlType + TypedExpressionType,
{
    type InExpression = Subquery<Self, ST, Values>;

    fn as_in_expression(self) -> Self::InExpression {
        Subquery::new(self)
    }
}

impl<Q, ST: SqlType> InExpression for Subquery<Q, ST, Values> {
    type SqlType = ST;

    fn is_empty(&self) -> bool {
        false
    }

    fn is_array(&self) -> bool {
        false
    }
}

impl<Q, ST: SqlType + TypedExpressionType, F> Expression for Subquery<Q, ST, F> {
    type SqlType = ST;
}

impl<'t, Outer, Q, ST, F> AppearsOnTable<Outer> for Subquery<Q, ST, F>
where
    Self: Expression,
    Outer: InScope<'t>,
    Q: SubqueryIn<'t, Outer>,
{
}

impl<Outer, Q, ST, F> SelectableExpression<Outer> for Subquery<Q, ST, F> where Self: AppearsOnTable<Outer> {}

impl<Q, ST, F, G> ValidGrouping<G> for Subquery<Q, ST, F> {
    type IsAggregate = is_aggregate::Never;
}

impl<Q: Subselect, ST: 'static, F: 'static> QueryId for Subquery<Q, ST, F> {
    type QueryId = Subquery<Checked, ST, F>;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Clone, ST, F> Clone for Subquery<Q, ST, F> {
    fn clone(&self) -> Self {
        Self::new(self.query.clone())
    }
}

impl<Q: QueryFragment<Pg> + Sync, ST, F: Form> QueryFragment<Pg> for Subquery<Q, ST, F> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let (before, after) = F::AROUND;
        out.push_sql(before);
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(after);
        Ok(())
    }
}
