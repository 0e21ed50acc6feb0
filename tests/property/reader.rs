//! Reads SQL as somebody who knows nothing of crow, and checks that no tenant table goes without
//! its tenant.
//!
//! What it does not know it refuses.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Assignment, BinaryOperator, CastKind, ConflictTarget, Delete, Expr, FromTable, Insert, JoinConstraint,
    JoinOperator, ObjectName, OnConflict, OnConflictAction, OnInsert, Query, Select, SelectItem, SetExpr,
    Statement, TableFactor, TableObject, TableWithJoins, Update, Value, Visit, Visitor, visit_relations,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};
use uuid::Uuid;

use crate::sent::Rendered;

const TENANT_TABLES: [&str; 2] = ["vehicles", "service_records"];
const SHARED_TABLES: [&str; 1] = ["makes"];
const UUID: u32 = 2950;
/// Left to the server, which takes the type of the cast.
const UNSAID: u32 = 0;

pub(crate) fn parse(sql: &str) -> Result<Statement, String> {
    let dialect = PostgreSqlDialect {};
    let tokens = Tokenizer::new(&dialect, sql).tokenize().map_err(|error| error.to_string())?;
    let mut parser = Parser::new(&dialect).with_recursion_limit(1_000).with_tokens(in_known_words(&tokens));
    let mut statements = parser.parse_statements().map_err(|error| error.to_string())?;
    match (statements.pop(), statements.pop()) {
        (Some(statement), None) => Ok(statement),
        _ => Err("this is not one statement".into()),
    }
}

/// The same in words that the parser knows: `ANY(SELECT * FROM ((a) UNION (b)) AS q)` in place of
/// `ANY((a) UNION (b))`, and `FOR SHARE` in place of `FOR KEY SHARE`.
fn in_known_words(tokens: &[Token]) -> Vec<Token> {
    let words = |sql| Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize().expect("a few words");
    let mut readable = Vec::new();
    // For each parenthesis that is open, whether a combination in ANY stands in it.
    let mut open = Vec::new();
    for (n, token) in tokens.iter().enumerate() {
        let follows_any =
            n > 0 && matches!(&tokens[n - 1], Token::Word(word) if ["ANY", "ALL"].contains(&&*word.value));
        match token {
            Token::LParen => {
                let wraps = follows_any && tokens.get(n + 1) == Some(&Token::LParen);
                open.push(wraps);
                readable.push(Token::LParen);
                if wraps {
                    readable.extend(words("SELECT * FROM ("));
                }
            }
            Token::RParen => {
                if open.pop() == Some(true) {
                    readable.extend(words(") AS q"));
                }
                readable.push(Token::RParen);
            }
            Token::Word(word) if word.quote_style.is_none() && ["NO", "KEY"].contains(&&*word.value) => {}
            other => readable.push(other.clone()),
        }
    }
    readable
}

/// Checks a statement for a tenant; the error says what is wrong.
pub(crate) fn check(rendered: &Rendered, tenant: Uuid) -> Result<(), String> {
    check_parsed(&parse(&rendered.sql)?, rendered, tenant)
}

pub(crate) fn check_parsed(statement: &Statement, rendered: &Rendered, tenant: Uuid) -> Result<(), String> {
    let mut reader = Reader { rendered, tenant, ctes: Vec::new(), relations: 0 };
    match statement {
        Statement::Query(_) => {}
        Statement::Insert(insert) => reader.insert(insert)?,
        Statement::Update(update) => reader.update(update)?,
        Statement::Delete(delete) => reader.delete(delete)?,
        other => return Err(format!("not a statement of a tenant: {other}")),
    }
    // Every query in it, however deep, and the statement's own.
    if let ControlFlow::Break(fault) = statement.visit(&mut reader) {
        return Err(fault);
    }
    // Nothing was overlooked: a second count, by the parser's own visitor.
    let mut relations = 0;
    let _ = visit_relations(statement, |_| {
        relations += 1;
        ControlFlow::<()>::Continue(())
    });
    if relations == reader.relations {
        Ok(())
    } else {
        Err(format!("{} of {relations} relations were understood", reader.relations))
    }
}

/// Whether this is `name.tenant_id = $n` with this tenant in `$n`.
pub(crate) fn is_guard(expr: &Expr, name: &str, rendered: &Rendered, tenant: Uuid) -> bool {
    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = expr else { return false };
    let Expr::CompoundIdentifier(path) = &**left else { return false };
    path.len() == 2
        && path[0].value == name
        && path[1].value == "tenant_id"
        && is_tenant(right, rendered, tenant)
}

/// `$n`, or `$n::crow.tenant` where the statement enters the tenant.
fn is_tenant(expr: &Expr, rendered: &Rendered, tenant: Uuid) -> bool {
    let (expr, ty) = match expr {
        Expr::Cast { kind: CastKind::DoubleColon, expr, data_type, format: None, .. }
            if data_type.to_string() == "crow.tenant" =>
        {
            (&**expr, UNSAID)
        }
        expr => (expr, UUID),
    };
    let Expr::Value(value) = expr else { return false };
    let Value::Placeholder(placeholder) = &value.value else { return false };
    let number = placeholder.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
    let bind = number.and_then(|number| rendered.binds.get(number.checked_sub(1)?));
    bind.is_some_and(|bind| bind.oid == ty && bind.bytes.as_deref() == Some(tenant.as_bytes()))
}

/// The conditions that must all be true for `expr` to be.
pub(crate) fn conjuncts<'e>(expr: &'e mut Expr, found: &mut Vec<&'e mut Expr>) {
    match expr {
        Expr::Nested(inner) => conjuncts(inner, found),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            conjuncts(left, found);
            conjuncts(right, found);
        }
        other => found.push(other),
    }
}

struct Reader<'r> {
    rendered: &'r Rendered,
    tenant: Uuid,
    ctes: Vec<String>,
    relations: usize,
}

impl Visitor for Reader<'_> {
    type Break = String;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        match self.query(query) {
            Ok(()) => ControlFlow::Continue(()),
            Err(fault) => ControlFlow::Break(fault),
        }
    }
}

impl Reader<'_> {
    /// The query without the queries in it, which are visited on their own.
    fn query(&mut self, query: &Query) -> Result<(), String> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.ctes.push(cte.alias.name.value.clone());
        }
        self.body(&query.body)
    }

    fn body(&mut self, body: &SetExpr) -> Result<(), String> {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::SetOperation { left, right, .. } => {
                self.body(left)?;
                self.body(right)
            }
            SetExpr::Query(_) | SetExpr::Values(_) => Ok(()),
            other => Err(format!("not understood: {other}")),
        }
    }

    fn select(&mut self, select: &Select) -> Result<(), String> {
        if select.into.is_some() {
            return Err("SELECT INTO makes a table".into());
        }
        select.from.iter().try_for_each(|tables| self.tables(tables, select.selection.as_ref()))
    }

    /// Each table by the condition of its own: WHERE for the first, ON for the others.
    fn tables(&mut self, tables: &TableWithJoins, selection: Option<&Expr>) -> Result<(), String> {
        self.table(&tables.relation, selection)?;
        for join in &tables.joins {
            let on = match &join.join_operator {
                JoinOperator::Inner(JoinConstraint::On(on))
                | JoinOperator::LeftOuter(JoinConstraint::On(on)) => on,
                other => return Err(format!("a join of another kind: {other:?}")),
            };
            self.table(&join.relation, Some(on))?;
        }
        Ok(())
    }

    fn table(&mut self, table: &TableFactor, condition: Option<&Expr>) -> Result<(), String> {
        match table {
            TableFactor::Derived { .. } => Ok(()),
            TableFactor::Table { name, alias, args: None, sample: None, .. } => {
                let alias = alias.as_ref().map(|alias| alias.name.value.as_str());
                self.relation(name, alias, condition)
            }
            other => Err(format!("not understood: {other}")),
        }
    }

    fn relation(
        &mut self,
        name: &ObjectName,
        alias: Option<&str>,
        condition: Option<&Expr>,
    ) -> Result<(), String> {
        self.relations += 1;
        let [part] = &name.0[..] else { return Err(format!("a name of several parts: {name}")) };
        let table = part.as_ident().map_or("", |ident| ident.value.as_str());
        if TENANT_TABLES.contains(&table) {
            return self.guarded(alias.unwrap_or(table), condition);
        }
        if SHARED_TABLES.contains(&table) || self.ctes.iter().any(|cte| cte == table) {
            return Ok(());
        }
        Err(format!("an unknown table: {name}"))
    }

    fn guarded(&self, name: &str, condition: Option<&Expr>) -> Result<(), String> {
        let mut condition = condition.cloned();
        let mut found = Vec::new();
        if let Some(condition) = &mut condition {
            conjuncts(condition, &mut found);
        }
        if found.iter().any(|expr| is_guard(expr, name, self.rendered, self.tenant)) {
            return Ok(());
        }
        let condition = condition.map_or("nothing".to_owned(), |condition| condition.to_string());
        Err(format!("{name} goes without its tenant in {condition}"))
    }

    fn update(&mut self, update: &Update) -> Result<(), String> {
        if update.from.is_some() {
            return Err("UPDATE FROM is not understood".into());
        }
        keeps_tenant(&update.assignments)?;
        self.tables(&update.table, update.selection.as_ref())
    }

    fn delete(&mut self, delete: &Delete) -> Result<(), String> {
        let FromTable::WithFromKeyword(tables) = &delete.from else {
            return Err("a DELETE without FROM".into());
        };
        if delete.using.is_some() {
            return Err("DELETE USING is not understood".into());
        }
        tables.iter().try_for_each(|tables| self.tables(tables, delete.selection.as_ref()))
    }

    fn insert(&mut self, insert: &Insert) -> Result<(), String> {
        let TableObject::TableName(name) = &insert.table else {
            return Err(format!("an insert into {}", insert.table));
        };
        self.relations += 1;
        let table = name.to_string();
        let table = table.trim_matches('"');
        if !TENANT_TABLES.contains(&table) {
            return Err(format!("an insert into {table}"));
        }
        if insert.columns.first().is_none_or(|column| column.to_string().trim_matches('"') != "tenant_id") {
            return Err("the tenant column does not come first".into());
        }
        match insert.source.as_deref() {
            Some(source) => self.inserted(&source.body)?,
            None => return Err("an insert of nothing but defaults".into()),
        }
        match &insert.on {
            None => Ok(()),
            Some(OnInsert::OnConflict(on)) => self.on_conflict(table, on),
            Some(other) => Err(format!("not understood: {other}")),
        }
    }

    /// The first value of each row is the tenant.
    fn inserted(&self, body: &SetExpr) -> Result<(), String> {
        let first: Vec<Option<&Expr>> = match body {
            SetExpr::Values(values) => values.rows.iter().map(|row| row.first()).collect(),
            SetExpr::Select(select) => match select.projection.first() {
                Some(SelectItem::UnnamedExpr(expr)) => vec![Some(expr)],
                _ => vec![None],
            },
            other => return Err(format!("not understood: {other}")),
        };
        let is_tenant =
            |first: &Option<&Expr>| first.is_some_and(|first| is_tenant(first, self.rendered, self.tenant));
        if !first.is_empty() && first.iter().all(is_tenant) {
            Ok(())
        } else {
            Err("a row is inserted for another tenant".into())
        }
    }

    fn on_conflict(&self, table: &str, on: &OnConflict) -> Result<(), String> {
        match &on.conflict_target {
            Some(ConflictTarget::Columns(columns))
                if columns.first().is_none_or(|column| column.value != "tenant_id") =>
            {
                return Err("the conflict target does not begin with the tenant".into());
            }
            _ => {}
        }
        match &on.action {
            OnConflictAction::DoNothing => Ok(()),
            OnConflictAction::DoUpdate(update) => {
                keeps_tenant(&update.assignments)?;
                self.guarded(table, update.selection.as_ref())
            }
        }
    }
}

fn keeps_tenant(assignments: &[Assignment]) -> Result<(), String> {
    match assignments.iter().find(|assignment| assignment.target.to_string().contains("tenant_id")) {
        Some(assignment) => Err(format!("a row changes its tenant: {assignment}")),
        None => Ok(()),
    }
}
