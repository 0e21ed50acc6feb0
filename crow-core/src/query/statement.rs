//! A finished statement on its way to the driver.

use diesel::expression::expression_types::Untyped;
use diesel::pg::{Pg, PgQueryBuilder};
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::query_builder::{AstPass, Query, QueryBuilder, QueryFragment, QueryId};
use diesel::result::QueryResult;

use crate::fragment::NoTypes;

/// A statement without its type: the driver reads the SQL and the binds off it at once.
///
/// It has no static id, so the driver's statement cache goes by the SQL text.
pub(crate) struct Statement<'a>(pub(crate) &'a dyn QueryFragment<Pg>);

impl Query for Statement<'_> {
    type SqlType = Untyped;
}

impl QueryId for Statement<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Statement<'_> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, backend: &Pg) -> QueryResult<bool> {
        self.0.is_safe_to_cache_prepared(backend)
    }
}

/// The SQL of a statement, for `Debug`: placeholders, and never the values.
pub(crate) fn sql(statement: &dyn QueryFragment<Pg>) -> String {
    let mut sql = PgQueryBuilder::default();
    match statement.to_sql(&mut sql, &Pg) {
        Ok(()) => sql.finish(),
        Err(error) => format!("(not valid: {error})"),
    }
}

/// How many bind values a piece of SQL has.
pub(super) fn binds(fragment: &dyn QueryFragment<Pg>) -> usize {
    let mut binds = RawBytesBindCollector::new();
    // What cannot be serialised fails again, and is reported, when the statement is sent.
    let _ = fragment.collect_binds(&mut binds, &mut NoTypes, &Pg);
    binds.binds.len()
}
