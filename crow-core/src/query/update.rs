//! Changed rows, and rows that go.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::query_source::QuerySource;
use diesel::result::QueryResult;

use super::assign::Sets;
use super::write::{Delete, Head, Update, Updated, Write};
use crate::model::{ScopedTable, TenantModel};
use crate::tenant::TenantId;

impl<'t, 'q, M: TenantModel> Update<'t, 'q, M> {
    pub(crate) fn update(tenant: TenantId) -> Self {
        // Never sent without what `set` puts in its place.
        let head = Table { keyword: "UPDATE ", table: M::Table::table().from_clause(), changes: None::<()> };
        Self::new(tenant, head).guarded()
    }

    /// What to change: `column.eq(expression)`, a tuple of these, or a struct that derives
    /// `AsChangeset` and `TenantChangeset`, whose `None` fields are left as they are. An expression may
    /// be a subquery of this scope, with `single_value`.
    ///
    /// A changeset in which every field is `None` changes no row, and executes as such.
    pub fn set<V, K>(self, changes: V) -> Write<'t, 'q, M, Updated>
    where
        V: Sets<'t, M::Table, K, Changeset: 'q>,
    {
        let changes = changes.into_changeset();
        // An empty changeset writes no SQL; rendering errors come up again when it is executed.
        let empty = changes.is_noop(&Pg).unwrap_or(false);
        let head =
            Table { keyword: "UPDATE ", table: M::Table::table().from_clause(), changes: Some(changes) };
        Write { head: Box::new(head), empty, ..self.retyped() }
    }
}

impl<'t, 'q, M: TenantModel> Delete<'t, 'q, M> {
    pub(crate) fn delete(tenant: TenantId) -> Self {
        let head =
            Table { keyword: "DELETE FROM ", table: M::Table::table().from_clause(), changes: None::<()> };
        Self::new(tenant, head).guarded()
    }
}

/// `UPDATE table SET changes` or `DELETE FROM table`
struct Table<T, C> {
    keyword: &'static str,
    table: T,
    changes: Option<C>,
}

impl<T, C> Head for Table<T, C>
where
    T: QueryFragment<Pg> + Send + Sync,
    C: QueryFragment<Pg> + Send + Sync,
{
    fn walk_part<'b>(&'b self, _: usize, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.keyword);
        self.table.walk_ast(out.reborrow())?;
        if let Some(changes) = &self.changes {
            out.push_sql(" SET ");
            changes.walk_ast(out)?;
        }
        Ok(())
    }
}
