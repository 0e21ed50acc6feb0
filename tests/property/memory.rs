//! What an expression means, computed in memory, with SQL's three truth values.

use std::cmp::Ordering;

use crate::compute;
use crate::describe::{Aggregate, Arithmetic, Column, Comparison, Expr, Function, Key, Pred, Source};
use crate::value::{Row, Value};
use crate::world::View;

/// The rows that columns are read from: one of each source, nothing for the far side of a left join.
pub(crate) type Frame<'v> = Vec<(Source, Option<&'v Row>)>;

/// Where an expression stands.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) view: &'a View,
    pub(crate) frame: &'a Frame<'a>,
    /// The row of the query around this one.
    pub(crate) around: Option<&'a Place<'a>>,
    /// What aggregates count: the rows of the group.
    pub(crate) group: &'a [Frame<'a>],
    /// What windows look at: all rows of the query.
    pub(crate) window: &'a [Frame<'a>],
}

impl<'a> Place<'a> {
    pub(crate) fn column(&self, column: Column) -> Value {
        match self.frame.iter().find(|(source, _)| *source == column.source) {
            Some((_, row)) => row.map_or(Value::Null, |row| row[column.index].clone()),
            None => self.around.expect("a column of some table around").column(column),
        }
    }

    fn with<'b>(&'b self, frame: &'b Frame<'a>) -> Place<'b>
    where
        'a: 'b,
    {
        Place { frame, ..*self }
    }

    pub(crate) fn value(&self, expr: &Expr) -> Value {
        match expr {
            Expr::Column(column) => self.column(*column),
            Expr::Constant(_, value) => value.clone(),
            Expr::Arithmetic(operator, left, right) => {
                match (self.value(left).int(), self.value(right).int()) {
                    (Some(left), Some(right)) => Value::Int(match operator {
                        Arithmetic::Add => left + right,
                        Arithmetic::Subtract => left - right,
                        Arithmetic::Multiply => left * right,
                    }),
                    _ => Value::Null,
                }
            }
            Expr::Lower(text) => match self.value(text) {
                Value::Text(text) => Value::Text(text.to_ascii_lowercase()),
                _ => Value::Null,
            },
            Expr::Length(text) => match self.value(text) {
                Value::Text(text) => Value::Int(i64::try_from(text.chars().count()).expect("a short text")),
                _ => Value::Null,
            },
            Expr::Concat(left, right) => match (self.value(left), self.value(right)) {
                (Value::Text(left), Value::Text(right)) => Value::Text(left + &right),
                _ => Value::Null,
            },
            Expr::Case(condition, yes, no) => {
                self.value(if self.truth(condition) == Some(true) { yes } else { no })
            }
            Expr::Scalar(query) => compute::query(query, self.view, Some(self))
                .into_iter()
                .next()
                .map_or(Value::Null, |mut row| row.swap_remove(0)),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::RowNumber { partition, order } => {
                let own = self.keys(order);
                let before = self
                    .partition(*partition)
                    .filter(|frame| compare_keys(order, &self.with(frame).keys(order), &own).is_lt())
                    .count();
                Value::Int(i64::try_from(before + 1).expect("a few rows"))
            }
            Expr::CountOver { argument, partition } => {
                let values = self
                    .partition(*partition)
                    .filter(|frame| !self.with(frame).column(*argument).is_null())
                    .count();
                Value::Int(i64::try_from(values).expect("a few rows"))
            }
        }
    }

    fn partition(&self, by: Column) -> impl Iterator<Item = &'a Frame<'a>> {
        let own = self.column(by);
        self.window.iter().filter(move |frame| self.with(frame).column(by) == own)
    }

    pub(crate) fn keys(&self, order: &[Key]) -> Vec<Value> {
        order.iter().map(|key| self.value(&key.expr)).collect()
    }

    fn aggregate(&self, aggregate: &Aggregate) -> Value {
        let Aggregate { function, argument, filter } = aggregate;
        let mut values: Vec<Value> = self
            .group
            .iter()
            .map(|frame| self.with(frame))
            .filter(|place| filter.as_ref().is_none_or(|filter| place.truth(filter) == Some(true)))
            .map(|place| argument.as_ref().map_or(Value::Bool(true), |argument| place.value(argument)))
            .filter(|value| !value.is_null())
            .collect();
        let count = |values: &[Value]| Value::Int(i64::try_from(values.len()).expect("a few rows"));
        match function {
            Function::CountStar | Function::Count => count(&values),
            Function::CountDistinct => {
                values.sort_unstable();
                values.dedup();
                count(&values)
            }
            Function::Min => values.into_iter().min().unwrap_or(Value::Null),
            Function::Max => values.into_iter().max().unwrap_or(Value::Null),
            Function::Sum if values.is_empty() => Value::Null,
            Function::Sum => Value::Int(values.iter().filter_map(Value::int).sum()),
        }
    }

    /// `None` is SQL's "unknown".
    pub(crate) fn truth(&self, pred: &Pred) -> Option<bool> {
        match pred {
            Pred::Compare(comparison, left, right) => {
                let (left, right) = (self.value(left), self.value(right));
                match comparison {
                    Comparison::Distinct => Some(left != right),
                    Comparison::NotDistinct => Some(left == right),
                    Comparison::Equal => order(&left, &right).map(Ordering::is_eq),
                    Comparison::NotEqual => order(&left, &right).map(Ordering::is_ne),
                    Comparison::Less => order(&left, &right).map(Ordering::is_lt),
                    Comparison::LessOrEqual => order(&left, &right).map(Ordering::is_le),
                    Comparison::Greater => order(&left, &right).map(Ordering::is_gt),
                    Comparison::GreaterOrEqual => order(&left, &right).map(Ordering::is_ge),
                }
            }
            Pred::Between { negated, value, low, high } => {
                let value = self.value(value);
                let above = order(&value, &self.value(low)).map(Ordering::is_ge);
                let below = order(&value, &self.value(high)).map(Ordering::is_le);
                negate(*negated, and(above, below))
            }
            Pred::IsNull { negated, value } => Some(self.value(value).is_null() != *negated),
            Pred::Like { negated, any_case, value, pattern } => {
                let value = self.value(value);
                let matched = value.text().map(|text| {
                    if *any_case {
                        like(&text.to_ascii_lowercase(), &pattern.to_ascii_lowercase())
                    } else {
                        like(text, pattern)
                    }
                });
                negate(*negated, matched)
            }
            Pred::AnyOf { value, list, .. } => is_in(&self.value(value), list.iter()),
            Pred::And(left, right) => and(self.truth(left), self.truth(right)),
            Pred::Or(left, right) => not(and(not(self.truth(left)), not(self.truth(right)))),
            Pred::Not(inner) => not(self.truth(inner)),
            Pred::Exists(rows) => Some(!compute::rows(rows, self.view, Some(self)).is_empty()),
            Pred::In { negated, value, rows } => {
                let rows = compute::rows(rows, self.view, Some(self));
                negate(*negated, is_in(&self.value(value), rows.iter().map(|row| &row[0])))
            }
        }
    }

    pub(crate) fn all(&self, preds: &[Pred]) -> bool {
        preds.iter().all(|pred| self.truth(pred) == Some(true))
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    (!left.is_null() && !right.is_null()).then(|| left.cmp(right))
}

fn not(truth: Option<bool>) -> Option<bool> {
    truth.map(|truth| !truth)
}

fn negate(negated: bool, truth: Option<bool>) -> Option<bool> {
    if negated { not(truth) } else { truth }
}

fn and(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn is_in<'v>(value: &Value, list: impl Iterator<Item = &'v Value>) -> Option<bool> {
    let mut answer = Some(false);
    for other in list {
        match order(value, other) {
            Some(Ordering::Equal) => return Some(true),
            Some(_) => {}
            None => answer = None,
        }
    }
    answer
}

/// SQL's LIKE, with the backslash as escape.
fn like(text: &str, pattern: &str) -> bool {
    let mut pattern_rest = pattern.chars();
    let mut text_rest = text.chars();
    match pattern_rest.next() {
        None => text.is_empty(),
        Some('%') => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| like(&text[at..], pattern_rest.as_str()))
        }
        Some('_') => text_rest.next().is_some() && like(text_rest.as_str(), pattern_rest.as_str()),
        Some('\\') => {
            pattern_rest.next() == text_rest.next() && like(text_rest.as_str(), pattern_rest.as_str())
        }
        some => some == text_rest.next() && like(text_rest.as_str(), pattern_rest.as_str()),
    }
}

pub(crate) fn compare_keys(order: &[Key], left: &[Value], right: &[Value]) -> Ordering {
    order
        .iter()
        .zip(left.iter().zip(right))
        .map(|(key, (left, right))| {
            compare(left, right, key.descending, key.nulls_first.unwrap_or(key.descending))
        })
        .find(|ordering| ordering.is_ne())
        .unwrap_or(Ordering::Equal)
}

pub(crate) fn compare(left: &Value, right: &Value, descending: bool, nulls_first: bool) -> Ordering {
    match (left.is_null(), right.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) => {
            if nulls_first {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        (false, true) => {
            if nulls_first {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        (false, false) if descending => right.cmp(left),
        (false, false) => left.cmp(right),
    }
}
