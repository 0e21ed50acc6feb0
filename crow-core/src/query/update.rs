//! Changed rows, and rows that go.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;

use super::assign::Sets;
use super::write::{Delete, Head, Update, Updated, Write};
use crate::fragment::Fragment;
use crate::model::{ScopedTable, TenantModel};
use crate::tenant_bind::TenantBind;

impl<'t, 'q, M: TenantModel> Update<'t, 'q, M> {
    pub(crate) fn update(tenant: TenantBind) -> Self {
        // Never sent without what `set` puts in its place.
        Self::new(tenant, Existing::of::<M>("UPDATE ", None)).guarded()
    }

    /// What to change: `column.eq(expression)`, a tuple of these, or a struct that derives
    /// `AsChangeset` and `TenantChangeset`, whose `None` fields are left as they are. An expression may
    /// be a subquery of this scope, with `single_value`.
    ///
    /// A changeset in which every field is `None` changes nothing: the rows are counted and given as they are, so that one
    /// that is there is not taken for one that is not. Nothing is written, and no trigger runs.
    pub fn set<V, K>(mut self, changes: V) -> Write<'t, 'q, M, Updated>
    where
        V: Sets<'t, M::Table, K, Changeset: 'q>,
    {
        let changes = Fragment::new(changes.into_changeset());
        // Errors of rendering come up again when it is executed.
        if changes.is_noop(&Pg).unwrap_or(false) {
            self.clauses.unchanged = Some(M::Table::source());
        }
        self.clauses.head = Box::new(Existing::of::<M>("UPDATE ", Some(changes)));
        self.retyped()
    }
}

impl<'t, 'q, M: TenantModel> Delete<'t, 'q, M> {
    pub(crate) fn delete(tenant: TenantBind) -> Self {
        Self::new(tenant, Existing::of::<M>("DELETE FROM ", None)).guarded()
    }
}

/// `UPDATE table SET changes` or `DELETE FROM table`
struct Existing<'q> {
    keyword: &'static str,
    table: Fragment<'static>,
    changes: Option<Fragment<'q>>,
}

impl<'q> Existing<'q> {
    fn of<M: TenantModel>(keyword: &'static str, changes: Option<Fragment<'q>>) -> Self {
        Self { keyword, table: M::Table::source(), changes }
    }
}

impl Head for Existing<'_> {
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
