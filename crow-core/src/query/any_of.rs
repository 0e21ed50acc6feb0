//! A list of values to compare with.

use std::fmt;
use std::marker::PhantomData;

use diesel::expression::array_comparison::{AsInExpression, InExpression};
use diesel::expression::expression_types::NotSelectable;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, TypedExpressionType, ValidGrouping, is_aggregate,
};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, HasSqlType, SingleValue, SqlType};

/// A list of values for `eq_any` and `ne_all`: `vehicles::id.eq_any(any_of(ids))` is `id = ANY($1)`.
///
/// Takes the place of the bare list that diesel takes there, whose type says nothing that could be
/// checked. It is one bind value however long it is. An empty list is no value's: `eq_any` of it gives no row, and
/// `ne_all` of it every row.
pub fn any_of<T>(values: impl IntoIterator<Item = T>) -> AnyOf<T> {
    AnyOf { values: values.into_iter().collect() }
}

/// What [`any_of`] returns.
#[derive(Debug, Clone)]
pub struct AnyOf<T> {
    values: Vec<T>,
}

impl<T, ST> AsInExpression<ST> for AnyOf<T>
where
    ST: SqlType + SingleValue + TypedExpressionType,
{
    type InExpression = AnyValue<ST, T>;

    fn as_in_expression(self) -> AnyValue<ST, T> {
        AnyValue { values: self.values, _sql_type: PhantomData }
    }
}

/// [`AnyOf`] with the SQL type of the other side.
pub struct AnyValue<ST, T> {
    values: Vec<T>,
    _sql_type: PhantomData<fn() -> ST>,
}

impl<ST: SqlType, T> InExpression for AnyValue<ST, T> {
    type SqlType = ST;

    // The empty list needs no SQL of its own: `= ANY('{}')` is false and `!= ALL('{}')` is true.
    fn is_empty(&self) -> bool {
        false
    }

    // Whether the values are arrays themselves.
    fn is_array(&self) -> bool {
        false
    }
}

impl<ST, T: Clone> Clone for AnyValue<ST, T> {
    fn clone(&self) -> Self {
        Self { values: self.values.clone(), _sql_type: PhantomData }
    }
}

impl<ST, T> fmt::Debug for AnyValue<ST, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyValue({} values)", self.values.len())
    }
}

// A list is no value: it stands in `eq_any` and `ne_all` and nowhere else.
impl<ST: SqlType, T> Expression for AnyValue<ST, T> {
    type SqlType = NotSelectable;
}

impl<QS, ST: SqlType, T> AppearsOnTable<QS> for AnyValue<ST, T> {}

impl<QS, ST: SqlType, T> SelectableExpression<QS> for AnyValue<ST, T> {}

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
        out.push_bind_param::<Array<ST>, Vec<T>>(&self.values)
    }
}
