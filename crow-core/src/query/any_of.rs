//! A list of values to compare with.

use std::fmt;
use std::marker::PhantomData;

use diesel::expression::{
    AppearsOnTable, AsExpression, Expression, SelectableExpression, TypedExpressionType, ValidGrouping,
    is_aggregate,
};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, HasSqlType, SingleValue, SqlType};

/// Any of these values: `vehicles::id.eq(any_of(ids))` is `id = ANY($1)`.
///
/// Takes the place of diesel's `eq_any(vec)`, whose type says nothing that could be checked. The
/// list is one bind value however long it is, and an empty list matches nothing. For "none of
/// these" write `not(column.eq(any_of(values)))`: `column.ne(any_of(values))` is SQL's `<> ANY`, true for
/// every value as soon as the list has two.
pub fn any_of<T>(values: impl IntoIterator<Item = T>) -> AnyOf<T> {
    AnyOf { values: values.into_iter().collect() }
}

/// What [`any_of`] returns.
#[derive(Debug, Clone)]
pub struct AnyOf<T> {
    values: Vec<T>,
}

impl<T, ST> AsExpression<ST> for AnyOf<T>
where
    ST: SqlType + SingleValue + TypedExpressionType,
{
    type Expression = AnyValue<ST, T>;

    fn as_expression(self) -> AnyValue<ST, T> {
        AnyValue { values: self.values, _sql_type: PhantomData }
    }
}

/// [`AnyOf`] with the SQL type of the other side.
#[derive(Clone)]
pub struct AnyValue<ST, T> {
    values: Vec<T>,
    _sql_type: PhantomData<fn() -> ST>,
}

impl<ST, T> fmt::Debug for AnyValue<ST, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyValue({} values)", self.values.len())
    }
}

impl<ST, T> Expression for AnyValue<ST, T>
where
    ST: SqlType + TypedExpressionType,
{
    type SqlType = ST;
}

impl<QS, ST, T> AppearsOnTable<QS> for AnyValue<ST, T> where Self: Expression {}

impl<QS, ST, T> SelectableExpression<QS> for AnyValue<ST, T> where Self: AppearsOnTable<QS> {}

impl<GB, ST, T> ValidGrouping<GB> for AnyValue<ST, T> {
    type IsAggregate = is_aggregate::Never;
}

impl<ST: SqlType + 'static, T> QueryId for AnyValue<ST, T> {
    type QueryId = AnyValue<ST, ()>;
}

impl<ST, T> QueryFragment<Pg> for AnyValue<ST, T>
where
    ST: SqlType,
    Pg: HasSqlType<ST> + HasSqlType<Array<ST>>,
    Vec<T>: ToSql<Array<ST>, Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("ANY(");
        out.push_bind_param::<Array<ST>, Vec<T>>(&self.values)?;
        out.push_sql(")");
        Ok(())
    }
}
