//! A piece of SQL that has forgotten its type.

use std::sync::Arc;

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;

/// A piece of SQL with its bind values, after the compile-time check of where it came from.
#[derive(Clone)]
pub struct Fragment<'q>(Arc<dyn Walk + 'q>);

impl<'q> Fragment<'q> {
    pub(crate) fn new(part: impl QueryFragment<Pg> + Send + Sync + 'q) -> Self {
        Self(Arc::new(part))
    }
}

impl QueryFragment<Pg> for Fragment<'_> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk(out)
    }
}

/// The one method of [`QueryFragment`] from which all others follow. In a program of a thousand predicates a
/// trait object of that trait itself is most of what there is to compile.
trait Walk: Send + Sync {
    fn walk<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

impl<T: QueryFragment<Pg> + Send + Sync> Walk for T {
    fn walk<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.walk_ast(out)
    }
}
