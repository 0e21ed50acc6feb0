//! The described expressions, in diesel's words.

use crow_core::{TenantConn, aggregate, any_of, excluded, exists, window};
use crow_examples::schema::{makes, service_records, vehicles};
use diesel::dsl::{case_when, count, count_star, max, min, not, row_number, sum};
use diesel::internal::table_macro::ops;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Uuid as SqlUuid};

use crate::describe::{Aggregate, Arithmetic, Column, Comparison, Expr, Function, Key, Pred, Rows, Source};
use crate::node::{Condition, Node};
use crate::read::{self, OTHERS, Part};
use crate::value::{Type, Value};

diesel::define_sql_function! {
    fn lower(text: Nullable<Text>) -> Nullable<Text>;
}

diesel::define_sql_function! {
    fn length(text: Nullable<Text>) -> Nullable<Integer>;
}

/// Builds for one scope. `'q` is how long the description lives.
pub(crate) struct Build<'q, 't> {
    pub(crate) db: &'q TenantConn<'t>,
}

impl<'q, 't: 'q> Build<'q, 't> {
    pub(crate) fn expr(&self, expr: &'q Expr) -> Node<'q> {
        match expr {
            Expr::Column(column) => node(*column),
            Expr::Constant(ty, value) => constant(*ty, value),
            Expr::Arithmetic(operator, left, right) => {
                let (left, right) = (self.expr(left), self.expr(right));
                match operator {
                    Arithmetic::Add => Node::of(ops::Add::new(left, right)),
                    Arithmetic::Subtract => Node::of(ops::Sub::new(left, right)),
                    Arithmetic::Multiply => Node::of(ops::Mul::new(left, right)),
                }
            }
            Expr::Lower(text) => Node::of(lower(self.text(text))),
            Expr::Length(text) => Node::of(length(self.text(text))),
            Expr::Concat(left, right) => Node::of(self.text(left).concat(self.text(right))),
            Expr::Case(condition, yes, no) => Node::of(
                case_when::<_, _, crate::node::Anything>(self.pred(condition), self.expr(yes))
                    .otherwise(self.expr(no)),
            ),
            Expr::Scalar(query) => read::subquery(self, query, Part::Value),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::RowNumber { partition, order } => Node::of(
                window(row_number())
                    .partition_by(node(*partition))
                    .order(Node::list(order.iter().map(|key| self.key(key)).collect())),
            ),
            Expr::CountOver { argument, partition } => {
                Node::of(window(count(node(*argument))).partition_by(node(*partition)))
            }
        }
    }

    pub(crate) fn exprs(&self, exprs: &'q [Expr]) -> Vec<Node<'q>> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn text(&self, expr: &'q Expr) -> Node<'q, Nullable<Text>> {
        self.expr(expr).typed()
    }

    fn aggregate(&self, described: &'q Aggregate) -> Node<'q> {
        let Aggregate { function, argument, filter } = described;
        macro_rules! filtered {
            ($call:expr) => {
                match filter {
                    Some(filter) => Node::of($call.filter(self.pred(filter))),
                    None => Node::of($call),
                }
            };
        }
        let Some(argument) = argument else { return filtered!(aggregate(count_star())) };
        let argument = self.expr(argument);
        match function {
            Function::CountStar | Function::Count => filtered!(aggregate(count(argument))),
            Function::CountDistinct => filtered!(aggregate(count(argument)).distinct()),
            Function::Min => filtered!(aggregate(min(argument))),
            Function::Max => filtered!(aggregate(max(argument))),
            Function::Sum => filtered!(aggregate(sum(argument))),
        }
    }

    pub(crate) fn pred(&self, pred: &'q Pred) -> Condition<'q> {
        match pred {
            Pred::Compare(comparison, left, right) => {
                let (left, right) = (self.expr(left), self.expr(right));
                match comparison {
                    Comparison::Equal => Node::of(left.eq(right)),
                    Comparison::NotEqual => Node::of(left.ne(right)),
                    Comparison::Less => Node::of(left.lt(right)),
                    Comparison::LessOrEqual => Node::of(left.le(right)),
                    Comparison::Greater => Node::of(left.gt(right)),
                    Comparison::GreaterOrEqual => Node::of(left.ge(right)),
                    Comparison::Distinct => Node::of(left.is_distinct_from(right)),
                    Comparison::NotDistinct => Node::of(left.is_not_distinct_from(right)),
                }
            }
            Pred::Between { negated, value, low, high } => {
                let (value, low, high) = (self.expr(value), self.expr(low), self.expr(high));
                if *negated {
                    Node::of(value.not_between(low, high))
                } else {
                    Node::of(value.between(low, high))
                }
            }
            Pred::IsNull { negated: false, value } => Node::of(self.expr(value).is_null()),
            Pred::IsNull { negated: true, value } => Node::of(self.expr(value).is_not_null()),
            Pred::Like { negated, any_case, value, pattern } => {
                let value = self.text(value);
                match (negated, any_case) {
                    (false, false) => Node::of(value.like(pattern.as_str())),
                    (true, false) => Node::of(value.not_like(pattern.as_str())),
                    (false, true) => Node::of(value.ilike(pattern.as_str())),
                    (true, true) => Node::of(value.not_ilike(pattern.as_str())),
                }
            }
            Pred::AnyOf { value, ty, list } => self.any_of(value, *ty, list),
            Pred::And(left, right) => Node::of(self.pred(left).and(self.pred(right))),
            // Both ways to say it, told apart by something that is as good as random.
            Pred::Or(left, right) if matches!(**left, Pred::Compare(..)) => {
                Node::of(crow_core::Condition::<'t, 'q, vehicles::table>::any(
                    [left, right].map(|pred| crow_core::Condition::new(self.pred(pred))),
                ))
            }
            Pred::Or(left, right) => Node::of(self.pred(left).or(self.pred(right))),
            Pred::Not(inner) => Node::of(not(self.pred(inner))),
            Pred::Exists(Rows::One(query)) => read::subquery(self, query, Part::Exists).typed(),
            Pred::Exists(rows) => Node::of(exists(read::combined(self, rows))),
            Pred::In { negated, value, rows } => {
                let value = self.expr(value);
                match (rows, negated) {
                    (Rows::One(query), false) => read::subquery(self, query, Part::In(value)).typed(),
                    (Rows::One(query), true) => read::subquery(self, query, Part::NotIn(value)).typed(),
                    (rows, false) => Node::of(value.eq_any(read::combined(self, rows))),
                    (rows, true) => Node::of(value.ne_all(read::combined(self, rows))),
                }
            }
        }
    }

    fn any_of(&self, value: &'q Expr, ty: Type, list: &'q [Value]) -> Condition<'q> {
        let value = self.expr(value);
        match ty {
            Type::Int4 => {
                let list = list.iter().filter_map(|value| i32::try_from(value.int()?).ok());
                Node::of(value.typed::<Integer>().eq_any(any_of(list)))
            }
            Type::Int8 => {
                Node::of(value.typed::<BigInt>().eq_any(any_of(list.iter().filter_map(Value::int))))
            }
            Type::Text => Node::of(value.typed::<Text>().eq_any(any_of(list.iter().filter_map(Value::text)))),
            Type::Uuid => {
                Node::of(value.typed::<SqlUuid>().eq_any(any_of(list.iter().filter_map(Value::uuid))))
            }
            Type::Date => Node::of(value.typed::<Date>().eq_any(any_of(list.iter().filter_map(Value::date)))),
        }
    }

    pub(crate) fn key(&self, key: &'q Key) -> Node<'q> {
        let expr = self.expr(&key.expr);
        match (key.descending, key.nulls_first) {
            (false, None) => Node::of(expr.asc()),
            (false, Some(true)) => Node::of(expr.asc().nulls_first()),
            (false, Some(false)) => Node::of(expr.asc().nulls_last()),
            (true, None) => Node::of(expr.desc()),
            (true, Some(true)) => Node::of(expr.desc().nulls_first()),
            (true, Some(false)) => Node::of(expr.desc().nulls_last()),
        }
    }
}

pub(crate) fn constant<'q>(ty: Type, value: &'q Value) -> Node<'q> {
    match ty {
        Type::Int4 => Node::of(
            value
                .int()
                .map(|value| i32::try_from(value).expect("a small number"))
                .into_sql::<Nullable<Integer>>(),
        ),
        Type::Int8 => Node::of(value.int().into_sql::<Nullable<BigInt>>()),
        Type::Text => Node::of(value.text().into_sql::<Nullable<Text>>()),
        Type::Uuid => Node::of(value.uuid().into_sql::<Nullable<SqlUuid>>()),
        Type::Date => Node::of(value.date().into_sql::<Nullable<Date>>()),
    }
}

macro_rules! columns {
    ($index:expr, |$given:ident| $of:expr, $table:ident: $($column:ident)+) => {{
        let all: &[fn() -> Node<'q>] = &[$(|| { let $given = $table::$column; Node::of($of) }),+];
        all[$index]()
    }};
}

pub(crate) fn node<'q>(column: Column) -> Node<'q> {
    let index = column.index;
    match column.source {
        Source::Makes => columns!(index, |column| column, makes: name country),
        Source::Vehicles => {
            columns!(index, |column| column, vehicles: tenant_id id make model year plate)
        }
        Source::Records => {
            columns!(index, |column| column, service_records: tenant_id id vehicle_id work cents done_on)
        }
        Source::Others => {
            columns!(index, |column| OTHERS.field(column), vehicles: tenant_id id make model year plate)
        }
        Source::NewVehicle => {
            columns!(index, |column| excluded(column), vehicles: tenant_id id make model year plate)
        }
        Source::NewRecord => {
            columns!(index, |column| excluded(column), service_records: tenant_id id vehicle_id work cents done_on)
        }
    }
}
