//! A row that was filled, as its model.

use crow_core::Model;
use crow_core::bounds::RowOf;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;

use crate::FilledRow;
use crate::fill::literal;
use crate::sql;

/// `SELECT .. FROM vehicles WHERE id = '..'`
pub(crate) struct OneRow<M: Model> {
    selection: M::SelectExpression,
    source: String,
}

impl<M: Model<Key: QueryFragment<Pg>>> OneRow<M> {
    pub(crate) fn new(row: &FilledRow) -> Self {
        let key = sql::text(&M::Key::default());
        let conditions = sql::parts(&key).into_iter().map(|column| {
            let value = row.get(&sql::name(column));
            format!("{column} = {}", literal(value))
        });
        let source = format!("{} WHERE {}", row.table(), conditions.collect::<Vec<_>>().join(" AND "));
        Self { selection: M::construct_selection(), source }
    }
}

impl<M: Model> QueryFragment<Pg> for OneRow<M> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("SELECT ");
        self.selection.walk_ast(out.reborrow())?;
        out.push_sql(" FROM ");
        out.push_sql(&self.source);
        Ok(())
    }
}

impl<M: Model> Query for OneRow<M> {
    type SqlType = RowOf<M>;
}

impl<M: Model> QueryId for OneRow<M> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
