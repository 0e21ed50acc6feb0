//! A SELECT as plain SQL, after the compile-time checks of its parts.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use diesel::sql_types::BigInt;

use crate::fragment::Fragment;
use crate::model::Guard;
use crate::tenant_bind::TenantBind;

/// The clauses of a SELECT. It knows no scope: [`TenantQuery`](super::TenantQuery) does.
#[derive(Clone)]
pub(super) struct Clauses<'q> {
    /// As the next guard gives it.
    pub(super) tenant: TenantBind,
    pub(super) distinct: Option<Distinct<'q>>,
    pub(super) selection: Fragment<'q>,
    pub(super) from: Fragment<'q>,
    pub(super) joins: Vec<Join<'q>>,
    /// Begins with the guard of the base table, so that no predicate can come before it.
    pub(super) filters: Vec<Fragment<'q>>,
    pub(super) group_by: Option<Fragment<'q>>,
    pub(super) having: Vec<Fragment<'q>>,
    pub(super) order: Vec<Fragment<'q>>,
    pub(super) limit: Option<i64>,
    pub(super) offset: Option<i64>,
}

#[derive(Clone)]
pub(super) enum Distinct<'q> {
    Rows,
    On(Fragment<'q>),
}

#[derive(Clone)]
pub(super) struct Join<'q> {
    pub(super) kind: &'static str,
    pub(super) table: Fragment<'q>,
    pub(super) guard: Option<Guard>,
    pub(super) on: Fragment<'q>,
}

impl QueryFragment<Pg> for Clauses<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        match &self.distinct {
            None => {}
            Some(Distinct::Rows) => out.push_sql("DISTINCT "),
            Some(Distinct::On(by)) => {
                out.push_sql("DISTINCT ON (");
                by.walk_ast(out.reborrow())?;
                out.push_sql(") ");
            }
        }
        self.selection.walk_ast(out.reborrow())?;
        out.push_sql(" FROM ");
        self.from.walk_ast(out.reborrow())?;
        for join in &self.joins {
            join.walk_ast(out.reborrow())?;
        }
        walk_conditions(" WHERE ", &self.filters, out.reborrow())?;
        if let Some(by) = &self.group_by {
            out.push_sql(" GROUP BY ");
            by.walk_ast(out.reborrow())?;
        }
        walk_conditions(" HAVING ", &self.having, out.reborrow())?;
        for (n, by) in self.order.iter().enumerate() {
            out.push_sql(if n == 0 { " ORDER BY " } else { ", " });
            by.walk_ast(out.reborrow())?;
        }
        walk_limits(&self.limit, &self.offset, out)
    }
}

impl QueryFragment<Pg> for Join<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.kind);
        self.table.walk_ast(out.reborrow())?;
        out.push_sql(" ON ");
        if let Some(guard) = &self.guard {
            guard.walk_ast(out.reborrow())?;
            out.push_sql(" AND ");
        }
        out.push_sql("(");
        self.on.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

/// ` WHERE (a) AND (b)`
pub(super) fn walk_conditions<'b>(
    keyword: &str,
    conditions: &'b [Fragment<'_>],
    out: AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    walk_between(keyword, " AND ", conditions, out)
}

/// ` WHERE (a) OR (b)`: each condition in parentheses of its own.
pub(super) fn walk_between<'b>(
    keyword: &str,
    between: &str,
    conditions: &'b [Fragment<'_>],
    mut out: AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    for (n, condition) in conditions.iter().enumerate() {
        out.push_sql(if n == 0 { keyword } else { between });
        out.push_sql("(");
        condition.walk_ast(out.reborrow())?;
        out.push_sql(")");
    }
    Ok(())
}

/// ` LIMIT $1 OFFSET $2`
pub(super) fn walk_limits<'b>(
    limit: &'b Option<i64>,
    offset: &'b Option<i64>,
    mut out: AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    for (keyword, rows) in [(" LIMIT ", limit), (" OFFSET ", offset)] {
        if let Some(rows) = rows {
            out.push_sql(keyword);
            out.push_bind_param::<BigInt, i64>(rows)?;
        }
    }
    Ok(())
}
