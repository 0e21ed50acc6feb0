//! crow's predicates taken out of a statement, to see whether the database alone is right.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, FromTable, Ident, Insert, JoinConstraint, JoinOperator, OnConflictAction, OnInsert, Query, Select,
    SelectItem, SetExpr, Statement, TableFactor, TableWithJoins, Value, VisitMut, VisitorMut,
};
use uuid::Uuid;

use crate::reader::{conjuncts, is_guard};
use crate::sent::Rendered;

/// The statement without a single guard, and how many there were.
pub(crate) fn without_guards(statement: &Statement, rendered: &Rendered, tenant: Uuid) -> (Statement, usize) {
    let mut statement = statement.clone();
    let mut replaced = 0;
    each_guard(&mut statement, rendered, tenant, &mut |guard| {
        *guard = truth();
        replaced += 1;
    });
    if let Statement::Insert(insert) = &mut statement {
        without_tenant(insert);
    }
    (statement, replaced)
}

pub(crate) fn truth() -> Expr {
    Expr::Value(Value::Boolean(true).into())
}

/// Calls the function with every guard of every tenant table, where it stands.
pub(crate) fn each_guard(
    statement: &mut Statement,
    rendered: &Rendered,
    tenant: Uuid,
    change: &mut dyn FnMut(&mut Expr),
) {
    let mut guards = Guards { rendered, tenant, change };
    match statement {
        Statement::Update(update) => guards.tables(&mut update.table, update.selection.as_mut()),
        Statement::Delete(delete) => {
            let selection = &mut delete.selection;
            let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &mut delete.from;
            tables.iter_mut().for_each(|table| guards.tables(table, selection.as_mut()));
        }
        Statement::Insert(insert) => {
            let table = insert.table.to_string();
            if let Some(OnInsert::OnConflict(on)) = &mut insert.on
                && let OnConflictAction::DoUpdate(update) = &mut on.action
            {
                guards.of(table.trim_matches('"'), update.selection.as_mut());
            }
        }
        _ => {}
    }
    let _ = statement.visit(&mut guards);
}

struct Guards<'g> {
    rendered: &'g Rendered,
    tenant: Uuid,
    change: &'g mut dyn FnMut(&mut Expr),
}

impl VisitorMut for Guards<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        self.body(&mut query.body);
        ControlFlow::Continue(())
    }
}

impl Guards<'_> {
    fn body(&mut self, body: &mut SetExpr) {
        match body {
            SetExpr::Select(select) => {
                let Select { from, selection, .. } = &mut **select;
                from.iter_mut().for_each(|tables| self.tables(tables, selection.as_mut()));
            }
            SetExpr::SetOperation { left, right, .. } => {
                self.body(left);
                self.body(right);
            }
            _ => {}
        }
    }

    fn tables(&mut self, tables: &mut TableWithJoins, selection: Option<&mut Expr>) {
        self.table(&tables.relation, selection);
        for join in &mut tables.joins {
            if let JoinOperator::Inner(JoinConstraint::On(on))
            | JoinOperator::LeftOuter(JoinConstraint::On(on)) = &mut join.join_operator
            {
                self.table(&join.relation, Some(on));
            }
        }
    }

    fn table(&mut self, table: &TableFactor, condition: Option<&mut Expr>) {
        if let TableFactor::Table { name, alias, .. } = table {
            let name = name.to_string();
            let name = alias.as_ref().map_or(name.trim_matches('"'), |alias| alias.name.value.as_str());
            self.of(name, condition);
        }
    }

    fn of(&mut self, name: &str, condition: Option<&mut Expr>) {
        let mut found = Vec::new();
        if let Some(condition) = condition {
            conjuncts(condition, &mut found);
        }
        for expr in found {
            if is_guard(expr, name, self.rendered, self.tenant) {
                (self.change)(expr);
            }
        }
    }
}

/// Leaves the tenant to the column's default.
fn without_tenant(insert: &mut Insert) {
    match insert.source.as_mut().map(|source| &mut *source.body) {
        Some(SetExpr::Values(values)) => {
            let rows = values.rows.iter_mut().map(|row| &mut row.content[0]);
            rows.for_each(|tenant| *tenant = Expr::Identifier(Ident::new("DEFAULT")));
        }
        Some(SetExpr::Select(select)) => {
            insert.columns.remove(0);
            select.projection.remove(0);
        }
        _ => {}
    }
}

/// The values of an insert with another tenant in place of its own.
pub(crate) fn for_another(insert: &Insert, rendered: &Rendered, other: Uuid) -> Rendered {
    let mut rendered = rendered.clone();
    let first: Vec<&Expr> = match insert.source.as_deref().map(|source| &*source.body) {
        Some(SetExpr::Values(values)) => values.rows.iter().map(|row| &row[0]).collect(),
        Some(SetExpr::Select(select)) => match &select.projection[0] {
            SelectItem::UnnamedExpr(expr) => vec![expr],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    for expr in first {
        let number: usize = expr.to_string().trim_start_matches('$').parse().expect("a placeholder");
        rendered.binds[number - 1].bytes = Some(other.as_bytes().to_vec());
    }
    rendered
}
