//! diesel expressions whose shape is decided at run time.

use std::marker::PhantomData;

use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, TypedExpressionType, ValidGrouping, is_aggregate,
};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{self, SqlType};

pub(crate) type Sql<'q> = Box<dyn QueryFragment<Pg> + Send + Sync + 'q>;

/// Any expression, said to be of the type `ST`.
///
/// crow refuses diesel's own boxed expressions, which cannot be checked. This one is of the kind
/// that no library can refuse, a hand-written implementation of diesel's traits: it is what random
/// trees need, and what is under test here is the SQL that crow makes of them.
pub(crate) struct Node<'q, ST = Anything> {
    sql: Sql<'q>,
    _type: PhantomData<fn() -> ST>,
}

pub(crate) type Condition<'q> = Node<'q, sql_types::Nullable<sql_types::Bool>>;

impl<'q, ST> Node<'q, ST> {
    pub(crate) fn of(sql: impl QueryFragment<Pg> + Send + Sync + 'q) -> Self {
        Self { sql: Box::new(sql), _type: PhantomData }
    }

    pub(crate) fn typed<ST2>(self) -> Node<'q, ST2> {
        Node { sql: self.sql, _type: PhantomData }
    }
}

impl<'q> Node<'q> {
    pub(crate) fn list(items: Vec<Node<'q>>) -> Self {
        Self::of(List(items))
    }
}

impl<ST: SqlType + TypedExpressionType> Expression for Node<'_, ST> {
    type SqlType = ST;
}

impl<QS, ST> AppearsOnTable<QS> for Node<'_, ST> where Self: Expression {}

impl<QS, ST> SelectableExpression<QS> for Node<'_, ST> where Self: AppearsOnTable<QS> {}

impl<G, ST> ValidGrouping<G> for Node<'_, ST> {
    type IsAggregate = is_aggregate::Never;
}

/// The static skeleton of a [`Node`].
#[derive(Clone)]
pub(crate) struct Skeleton<ST>(PhantomData<fn() -> ST>);

impl<ST: SqlType + TypedExpressionType> Expression for Skeleton<ST> {
    type SqlType = ST;
}

impl<QS, ST> AppearsOnTable<QS> for Skeleton<ST> where Self: Expression {}

impl<ST: 'static> QueryId for Node<'_, ST> {
    type QueryId = Skeleton<ST>;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> QueryFragment<Pg> for Node<'_, ST> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.sql.walk_ast(out)
    }
}

/// `a, b, c`
struct List<'q>(Vec<Node<'q>>);

impl QueryFragment<Pg> for List<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (n, item) in self.0.iter().enumerate() {
            if n > 0 {
                out.push_sql(", ");
            }
            item.walk_ast(out.reborrow())?;
        }
        Ok(())
    }
}

/// The SQL type of an expression of which the generator, not the compiler, knows the type; also of
/// a row of several.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(postgres_type(oid = 705, array_oid = 1002))]
pub(crate) struct Anything;

impl sql_types::SqlOrd for Anything {}

impl sql_types::Foldable for Anything {
    type Sum = sql_types::Nullable<Self>;
    type Avg = sql_types::Nullable<Self>;
}

impl sql_types::ops::Add for Anything {
    type Rhs = Self;
    type Output = Self;
}

impl sql_types::ops::Sub for Anything {
    type Rhs = Self;
    type Output = Self;
}

impl sql_types::ops::Mul for Anything {
    type Rhs = Self;
    type Output = Self;
}
