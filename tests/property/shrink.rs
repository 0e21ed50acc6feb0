//! Smaller statements, so that what fails can be read.

use std::vec;

use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::describe::{
    Case, Conflict, Distinct, Expr, Mode, NewRows, Pred, Query, Returning, Rows, Statement,
};
use crate::generate;

/// All that the generator makes.
#[derive(Debug)]
pub(crate) struct Cases;

impl Strategy for Cases {
    type Tree = Shrinking;
    type Value = Case;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let case = generate::case(runner.rng());
        Ok(Shrinking { failing: case.clone(), current: case, candidates: Vec::new().into_iter() })
    }
}

pub(crate) struct Shrinking {
    failing: Case,
    current: Case,
    candidates: vec::IntoIter<Case>,
}

impl ValueTree for Shrinking {
    type Value = Case;

    fn current(&self) -> Case {
        self.current.clone()
    }

    fn simplify(&mut self) -> bool {
        self.failing = self.current.clone();
        self.candidates = smaller(&self.failing).into_iter();
        self.complicate()
    }

    fn complicate(&mut self) -> bool {
        let next = self.candidates.next();
        let more = next.is_some();
        self.current = next.unwrap_or_else(|| self.failing.clone());
        more
    }
}

fn smaller(case: &Case) -> Vec<Case> {
    let statements: Vec<Statement> = match &case.statement {
        Statement::Read(rows, mode) => {
            let rest = smaller_rows(rows).into_iter().map(|rows| Statement::Read(rows, *mode));
            let plain = (*mode != Mode::Load).then(|| Statement::Read(rows.clone(), Mode::Load));
            plain.into_iter().chain(rest).collect()
        }
        Statement::Insert(insert) => {
            let mut all = with(insert, smaller_returning(&insert.returning), |i, r| i.returning = r);
            if let NewRows::Tuples(rows) | NewRows::Structs(rows) = &insert.source {
                let fewer = without_one(rows).into_iter().map(|rows| match insert.source {
                    NewRows::Tuples(_) => NewRows::Tuples(rows),
                    _ => NewRows::Structs(rows),
                });
                all.extend(with(insert, fewer.collect(), |i, source| i.source = source));
            }
            if let NewRows::Query(copies) = &insert.source {
                let fewer = without_one(copies).into_iter().filter(|copies| !copies.is_empty());
                all.extend(with(insert, fewer.collect(), |i, copies| i.source = NewRows::Query(copies)));
            }
            if let Conflict::DoUpdate { target, set, filters } = &insert.conflict {
                all.extend(with(insert, smaller_preds(filters), |i, filters| {
                    i.conflict = Conflict::DoUpdate { target: *target, set: set.clone(), filters };
                }));
            }
            all.into_iter().map(Statement::Insert).collect()
        }
        Statement::Update(update) => {
            let mut all = with(update, smaller_preds(&update.filters), |u, filters| u.filters = filters);
            all.extend(with(update, smaller_returning(&update.returning), |u, r| u.returning = r));
            all.into_iter().map(Statement::Update).collect()
        }
        Statement::Delete(delete) => {
            let mut all = with(delete, smaller_preds(&delete.filters), |d, filters| d.filters = filters);
            all.extend(with(delete, smaller_returning(&delete.returning), |d, r| d.returning = r));
            all.into_iter().map(Statement::Delete).collect()
        }
    };
    with(case, statements, |case, statement| case.statement = statement)
}

/// Copies of a thing, each with one of its parts replaced.
fn with<T: Clone, P>(whole: &T, parts: Vec<P>, put: impl Fn(&mut T, P)) -> Vec<T> {
    parts
        .into_iter()
        .map(|part| {
            let mut copy = whole.clone();
            put(&mut copy, part);
            copy
        })
        .collect()
}

fn without_one<T: Clone>(all: &[T]) -> Vec<Vec<T>> {
    (0..all.len())
        .map(|n| {
            let mut fewer = all.to_vec();
            fewer.remove(n);
            fewer
        })
        .collect()
}

fn smaller_rows(rows: &Rows) -> Vec<Rows> {
    match rows {
        Rows::One(query) => {
            smaller_query(query, true).into_iter().map(|query| Rows::One(Box::new(query))).collect()
        }
        Rows::Both { left, right, .. } => {
            let mut all = vec![(**left).clone(), (**right).clone()];
            all.extend(with(rows, smaller_rows(left), |rows, smaller| {
                if let Rows::Both { left, .. } = rows {
                    **left = smaller;
                }
            }));
            all.extend(with(rows, smaller_rows(right), |rows, smaller| {
                if let Rows::Both { right, .. } = rows {
                    **right = smaller;
                }
            }));
            all
        }
    }
}

/// `free` if the number of rows may change.
fn smaller_query(query: &Query, free: bool) -> Vec<Query> {
    let mut all = Vec::new();
    if free && (query.limit.is_some() || query.offset.is_some()) {
        all.extend(with(query, vec![()], |query, ()| (query.limit, query.offset) = (None, None)));
    } else if free && !query.order.is_empty() && !matches!(query.distinct, Distinct::On(_)) {
        all.extend(with(query, vec![Vec::new()], |query, order| query.order = order));
    }
    all.extend(with(query, query.find.iter().collect(), |query, _| query.find = None));
    all.extend(with(query, query.having.iter().collect(), |query, _| query.having = None));
    all.extend(with(query, smaller_preds(&query.filters), |query, filters| query.filters = filters));
    for (n, join) in query.joins.iter().enumerate() {
        let smaller = join.on.as_ref().map(smaller_pred).unwrap_or_default();
        all.extend(with(query, smaller, |query, on| query.joins[n].on = Some(on)));
    }
    for (n, item) in query.items.iter().flatten().enumerate() {
        let put = |query: &mut Query, item| {
            query.items.iter_mut().for_each(|items| items[n] = std::clone::Clone::clone(&item));
        };
        all.extend(with(query, smaller_expr(item), put));
    }
    all
}

fn smaller_preds(preds: &Vec<Pred>) -> Vec<Vec<Pred>> {
    let mut all = without_one(preds);
    for (n, pred) in preds.iter().enumerate() {
        all.extend(with(preds, smaller_pred(pred), |preds, pred| preds[n] = pred));
    }
    all
}

fn smaller_pred(pred: &Pred) -> Vec<Pred> {
    match pred {
        Pred::And(left, right) | Pred::Or(left, right) => {
            let mut all = vec![(**left).clone(), (**right).clone()];
            let again = |left: &Pred, right: &Pred| {
                let (left, right) = (Box::new(left.clone()), Box::new(right.clone()));
                if matches!(pred, Pred::And(..)) { Pred::And(left, right) } else { Pred::Or(left, right) }
            };
            all.extend(smaller_pred(left).iter().map(|left| again(left, right)));
            all.extend(smaller_pred(right).iter().map(|right| again(left, right)));
            all
        }
        Pred::Not(inner) => {
            let smaller = smaller_pred(inner).into_iter().map(|inner| Pred::Not(Box::new(inner)));
            std::iter::once((**inner).clone()).chain(smaller).collect()
        }
        Pred::Exists(rows) => smaller_rows(rows).into_iter().map(Pred::Exists).collect(),
        Pred::In { negated, value, rows } => smaller_rows(rows)
            .into_iter()
            .map(|rows| Pred::In { negated: *negated, value: value.clone(), rows })
            .collect(),
        Pred::Compare(comparison, left, right) => smaller_expr(left)
            .into_iter()
            .map(|left| Pred::Compare(*comparison, left, right.clone()))
            .chain(
                smaller_expr(right).into_iter().map(|right| Pred::Compare(*comparison, left.clone(), right)),
            )
            .collect(),
        _ => Vec::new(),
    }
}

fn smaller_expr(expr: &Expr) -> Vec<Expr> {
    match expr {
        Expr::Lower(inner) => vec![(**inner).clone()],
        Expr::Concat(left, right) | Expr::Arithmetic(_, left, right) | Expr::Case(_, left, right) => {
            vec![(**left).clone(), (**right).clone()]
        }
        Expr::Scalar(query) => {
            smaller_query(query, false).into_iter().map(|query| Expr::Scalar(Box::new(query))).collect()
        }
        _ => Vec::new(),
    }
}

fn smaller_returning(returning: &Returning) -> Vec<Returning> {
    match returning {
        Returning::Count => Vec::new(),
        Returning::Model => vec![Returning::Count],
        Returning::Items(items) => {
            let mut all = vec![Returning::Count];
            if items.len() > 1 {
                all.extend(without_one(items).into_iter().map(Returning::Items));
            }
            all
        }
    }
}
