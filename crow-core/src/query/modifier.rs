//! What can be added to the call of an SQL function.

use diesel::expression::AppearsOnTable;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;

/// A part of the call of an aggregate or window function, such as ` FILTER (WHERE condition)`.
#[derive(Debug, Clone)]
pub struct Modifier<E> {
    before: &'static str,
    expression: E,
    after: &'static str,
}

impl<E> Modifier<E> {
    pub(super) fn new(before: &'static str, expression: E, after: &'static str) -> Self {
        Self { before, expression, after }
    }
}

/// In place of a [`Modifier`] that a call has not got.
#[derive(Debug, Clone)]
pub struct Unmodified;

/// A modifier that sees nothing but the tables in `Source`; asked for by the call that it is part of.
pub trait ModifierOn<Source> {}

impl<Source, E: AppearsOnTable<Source>> ModifierOn<Source> for Modifier<E> {}
impl<Source> ModifierOn<Source> for Unmodified {}

impl<E: QueryId> QueryId for Modifier<E> {
    type QueryId = Modifier<E::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryId for Unmodified {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<E: QueryFragment<Pg>> QueryFragment<Pg> for Modifier<E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.before);
        self.expression.walk_ast(out.reborrow())?;
        out.push_sql(self.after);
        Ok(())
    }
}

impl QueryFragment<Pg> for Unmodified {
    fn walk_ast<'b>(&'b self, _: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        Ok(())
    }
}
