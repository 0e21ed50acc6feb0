//! The rows that a query gives, computed in memory.

use crate::describe::{Distinct, Expr, Query, Rows, SetOperation, Source};
use crate::memory::{Frame, Place, compare, compare_keys};
use crate::value::{Row, Value};
use crate::world::View;

pub(crate) fn rows(rows: &Rows, view: &View, around: Option<&Place<'_>>) -> Vec<Row> {
    match rows {
        Rows::One(one) => query(one, view, around),
        Rows::Both { left, set, right, order, limit, offset } => {
            let (left, right) = (self::rows(left, view, around), self::rows(right, view, around));
            let mut both = combine(*set, left, right);
            both.sort_by(|left, right| {
                order
                    .iter()
                    .map(|&(column, descending)| {
                        let column = column as usize - 1;
                        compare(&left[column], &right[column], descending, descending)
                    })
                    .find(|ordering| ordering.is_ne())
                    .unwrap_or(std::cmp::Ordering::Equal)
            });
            cut(both, *limit, *offset)
        }
    }
}

pub(crate) fn query(query: &Query, view: &View, around: Option<&Place<'_>>) -> Vec<Row> {
    let frames = kept(query, view, around);
    // Each row of the result, and what it is sorted by.
    let mut found: Vec<(Vec<Value>, Vec<Value>, Row)> = Vec::new();
    let on: &[_] = if let Distinct::On(columns) = &query.distinct { columns } else { &[] };
    let mut give = |place: Place<'_>, items: &[Expr]| {
        let row = items.iter().map(|item| place.value(item)).collect();
        found.push((place.keys(&query.order), on.iter().map(|&column| place.column(column)).collect(), row));
    };
    match &query.items {
        None => {
            let source = query.base.source();
            let items: Vec<Expr> =
                query.base.model().map(|index| Expr::Column(source.column(index))).collect();
            frames
                .iter()
                .for_each(|frame| give(Place { view, frame, around, group: &[], window: &[] }, &items));
        }
        Some(items) if !query.group.is_empty() => {
            for group in groups(query, &frames, view, around) {
                let place = Place { view, frame: &group[0], around, group: &group, window: &[] };
                if query.having.as_ref().is_none_or(|having| place.truth(having) == Some(true)) {
                    give(place, items);
                }
            }
        }
        Some(items) if items.iter().any(|item| matches!(item, Expr::Aggregate(_))) => {
            let frame = Frame::new();
            give(Place { view, frame: &frame, around, group: &frames, window: &[] }, items);
        }
        Some(items) => frames
            .iter()
            .for_each(|frame| give(Place { view, frame, around, group: &[], window: &frames }, items)),
    }
    found.sort_by(|(left, ..), (right, ..)| compare_keys(&query.order, left, right));
    let mut seen = Vec::new();
    let mut is_new = |what: &Vec<Value>| {
        !seen.contains(what) && {
            seen.push(what.clone());
            true
        }
    };
    let result = match &query.distinct {
        Distinct::No => found.into_iter().map(|(.., row)| row).collect(),
        Distinct::Rows => found.into_iter().map(|(.., row)| row).filter(|row| is_new(row)).collect(),
        Distinct::On(_) => found.into_iter().filter(|(_, on, _)| is_new(on)).map(|(.., row)| row).collect(),
    };
    cut(result, query.limit, query.offset)
}

/// The joined rows that the filters let through.
fn kept<'a>(query: &Query, view: &'a View, around: Option<&Place<'_>>) -> Vec<Frame<'a>> {
    let base = query.base.source();
    let mut frames: Vec<Frame<'a>> =
        view.rows(query.base).iter().map(|row| vec![(base, Some(row))]).collect();
    if let Some(key) = &query.find {
        frames.retain(|frame| frame[0].1.is_some_and(|row| row[query.base.key()] == *key));
    }
    for join in &query.joins {
        let mut joined = Vec::new();
        for frame in frames {
            let with = |row| {
                let mut frame = frame.clone();
                frame.push((join.source, row));
                frame
            };
            let before = joined.len();
            joined.extend(view.rows(join.source.table()).iter().map(|row| with(Some(row))).filter(|frame| {
                let place = Place { view, frame, around, group: &[], window: &[] };
                match &join.on {
                    Some(on) => place.truth(on) == Some(true),
                    None => {
                        let key = place.column(Source::Records.column(2));
                        !key.is_null() && key == place.column(Source::Vehicles.key())
                    }
                }
            }));
            if join.left && joined.len() == before {
                joined.push(with(None));
            }
        }
        frames = joined;
    }
    frames.retain(|frame| Place { view, frame, around, group: &[], window: &[] }.all(&query.filters));
    frames
}

fn groups<'a>(
    query: &Query,
    frames: &[Frame<'a>],
    view: &View,
    around: Option<&Place<'_>>,
) -> Vec<Vec<Frame<'a>>> {
    let mut groups: Vec<(Vec<Value>, Vec<Frame<'a>>)> = Vec::new();
    for frame in frames {
        let place = Place { view, frame, around, group: &[], window: &[] };
        let keys: Vec<Value> = query.group.iter().map(|&column| place.column(column)).collect();
        match groups.iter_mut().find(|(others, _)| *others == keys) {
            Some((_, group)) => group.push(frame.clone()),
            None => groups.push((keys, vec![frame.clone()])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn combine(set: SetOperation, mut left: Vec<Row>, right: Vec<Row>) -> Vec<Row> {
    let take = |rows: &mut Vec<Row>, row: &Row| {
        let at = rows.iter().position(|other| other == row);
        at.map(|at| rows.swap_remove(at)).is_some()
    };
    let mut rest = right.clone();
    match set {
        SetOperation::Union | SetOperation::UnionAll => left.extend(right),
        SetOperation::Intersect => left.retain(|row| right.contains(row)),
        SetOperation::IntersectAll => left.retain(|row| take(&mut rest, row)),
        SetOperation::Except => left.retain(|row| !right.contains(row)),
        SetOperation::ExceptAll => left.retain(|row| !take(&mut rest, row)),
    }
    if matches!(set, SetOperation::Union | SetOperation::Intersect | SetOperation::Except) {
        left.sort_unstable();
        left.dedup();
    }
    left
}

fn cut(rows: Vec<Row>, limit: Option<i64>, offset: Option<i64>) -> Vec<Row> {
    let many = |number: Option<i64>, otherwise| {
        number.map_or(otherwise, |number| usize::try_from(number).expect("no negative number of rows"))
    };
    rows.into_iter().skip(many(offset, 0)).take(many(limit, usize::MAX)).collect()
}
