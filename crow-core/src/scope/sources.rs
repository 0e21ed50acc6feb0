//! Which expressions may appear in a tenant's statement.

use diesel::expression::{AppearsOnTable, Expression, NonAggregate, SelectableExpression, ValidGrouping};
use diesel::internal::table_macro::Join;
use diesel::pg::Pg;
use diesel::query_builder::{NoFromClause, QueryFragment, QueryId};
use diesel::query_source::{Alias, AppearsInFromClause, Once, QuerySource};
use diesel::sql_types::BoolOrNullableBool;

use super::brand::Brand;
use crate::model::ScopedTable;

/// Stands for the FROM clause `S` of a statement in the scope `'t` while an expression is checked.
///
/// diesel checks an expression against a query source by recursing through
/// [`AppearsOnTable`]; crow makes that recursion its visitor by choosing the source. Columns of
/// the tables in `S` appear in `Sources<'t, S>` as they do in `S`. A plain diesel subquery asks
/// for a [`QuerySource`](diesel::QuerySource), which this type deliberately is not. crow's own
/// subqueries ask for their own brand `'t`.
pub struct Sources<'t, S>(Brand<'t, S>);

#[diagnostic::do_not_recommend]
impl<T, S> AppearsInFromClause<T> for Sources<'_, S>
where
    S: AppearsInFromClause<T>,
{
    type Count = S::Count;
}

/// An expression that sees nothing but the rows of the scope `'t`, in a statement over `S`.
///
/// Holds for columns of the statement's tables, values, and everything that diesel composes of
/// them: operators, SQL functions, `case_when`, aggregates; and for crow's queries as subqueries.
#[diagnostic::on_unimplemented(
    message = "this expression could see rows of another tenant",
    label = "not scoped to this tenant",
    note = "a list of values is written `.eq_any(any_of(vec))` or `.ne_all(any_of(vec))`: a bare `vec` cannot be checked",
    note = "a column must belong to a table of this statement: add the table with `.inner_join(..)` or `.left_join(..)`",
    note = "a column of the query around a subquery: name its table in the subquery, `.correlate(table)`",
    note = "a subquery must come from the same scope: write `db.query::<Model>()` in place of `table.filter(..)`",
    note = "raw SQL and boxed expressions cannot be checked: write `db.rls_only(..)` for a whole statement that only \
            PostgreSQL's policies should guard",
    note = "`column.nullable()` and `column.assume_not_null()` cannot stand before `eq_any` and `ne_all`: write them in the \
            `select` of the subquery",
    note = "parts of diesel's aggregates and windows cannot be checked: write `aggregate(count(id)).filter(..)`,\n\
            and `window(row_number()).partition_by(..).order(..)`",
    note = "an SQL type or expression type of your own has to derive `Clone` and `QueryId`",
    note = "for access across tenants take an `AdminConn`: another role, a stated reason, a record"
)]
pub trait Scoped<'t, S>: Expression {}

// Three checks. The first recurses through the expression. The second recurses through its query
// id, diesel's static skeleton of the expression: whatever diesel cannot know statically (raw SQL,
// boxed expressions, boxed subqueries) is `()` there, and `()` is no expression. The third keeps out
// the one node whose parts the others do not see: of all that diesel composes, an aggregate or window function
// with FILTER, ORDER BY or OVER is the only thing that cannot be cloned. A case for each part says so
// should that change.
#[diagnostic::do_not_recommend]
impl<'t, S, E> Scoped<'t, S> for E
where
    E: AppearsOnTable<Sources<'t, S>> + QueryId,
    E::QueryId: AppearsOnTable<Sources<'static, S>> + Clone,
{
}

/// A [`Scoped`] condition: what `filter` and the ON of a join take.
#[diagnostic::on_unimplemented(
    message = "this condition cannot be used in a tenant's statement",
    label = "not a condition on rows of this tenant",
    note = "a condition is a boolean expression without aggregates over the tables of this statement"
)]
pub trait Predicate<'q>: Part<'q> + NonAggregate {}

#[diagnostic::do_not_recommend]
impl<'q, E> Predicate<'q> for E where E: Expression<SqlType: BoolOrNullableBool> + NonAggregate + Part<'q> {}

/// SQL that can become part of a statement and be sent with it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a statement for PostgreSQL",
    label = "not SQL that PostgreSQL takes, or borrowed for too short, or not `Send` and `Sync`"
)]
pub trait Part<'q>: QueryFragment<Pg> + Send + Sync + 'q {}

#[diagnostic::do_not_recommend]
impl<'q, E> Part<'q> for E where E: QueryFragment<Pg> + Send + Sync + 'q {}

/// What `select` and `returning` take, of a statement over `S` that is grouped by `G`.
#[diagnostic::on_unimplemented(
    message = "this cannot be selected in a tenant's statement",
    label = "not a selection from the tables of this statement",
    note = "a column must belong to a table of this statement: add the table with `.inner_join(..)` or `.left_join(..)`",
    note = "a column of a left-joined table may be missing: write `column.nullable()`, or `Option::<Row>::as_select()`",
    note = "an aggregate stands beside other aggregates, and beside the columns of `group_by`"
)]
pub trait Selection<'q, S, G>: SelectableExpression<S> + ValidGrouping<G> + Part<'q> {}

#[diagnostic::do_not_recommend]
impl<'q, S, G, E> Selection<'q, S, G> for E where E: SelectableExpression<S> + ValidGrouping<G> + Part<'q> {}

/// What a subquery of the scope `'t` may stand in: a statement over `Self`.
///
/// The check itself asks about [`Sources`], which know their scope. diesel's own traits, which decide
/// what may be selected or assigned, ask about the bare tables as well.
pub trait InScope<'t> {}

impl<'t, S> InScope<'t> for Sources<'t, S> {}
impl<T: ScopedTable> InScope<'_> for T {}
impl<A> InScope<'_> for Alias<A> {}
impl<L: QuerySource, R: QuerySource, Kind> InScope<'_> for Join<L, R, Kind> {}
impl InScope<'_> for NoFromClause {}

/// The tables of an enclosing query that a correlated subquery refers to, all of which `Outer` has.
pub trait CorrelatedIn<Outer> {}

impl<Outer> CorrelatedIn<Outer> for () {}

impl<Outer, Rest, T> CorrelatedIn<Outer> for (Rest, T)
where
    Rest: CorrelatedIn<Outer>,
    Outer: AppearsInFromClause<T, Count = Once>,
{
}

/// A query that refers to no table but its own, and so can be run.
#[diagnostic::on_unimplemented(
    message = "a correlated query can only be part of another query",
    label = "this query refers to the tables of an enclosing one (`correlate`)",
    note = "use it in a filter: `.filter(exists(query))`, or in a select: `query.single_value()`"
)]
pub trait Uncorrelated {}

impl Uncorrelated for () {}
