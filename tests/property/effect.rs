//! What a statement gives and does, computed in memory.

use crate::compute;
use crate::describe::{
    Case, Changes, Conflict, Insert, Mode, NewRows, Pred, Returning, Rows, Source, Statement, Table,
};
use crate::memory::{Frame, Place};
use crate::value::{Row, Value};
use crate::world::{View, everything, new_id};

/// What the database should say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expected {
    /// Rows, or one of these faults.
    pub(crate) answer: Result<Vec<Row>, Vec<Fault>>,
    /// Whether the order of the rows is certain.
    pub(crate) ordered: bool,
    /// All rows of all tenants after a write that succeeds.
    pub(crate) state: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Unique,
    ForeignKey,
    Check,
    /// An upsert that would update a row twice.
    Twice,
}

pub(crate) fn expected(case: &Case, views: &[View]) -> Expected {
    let view = &views[case.tenant];
    let mut after = view.clone();
    let written = match &case.statement {
        Statement::Read(rows, mode) => return read(rows, *mode, view),
        Statement::Insert(statement) => {
            insert(statement, view, &mut after).map(|rows| (statement.table, rows, &statement.returning))
        }
        Statement::Update(statement) => {
            let chosen = chosen(view, statement.table, statement.find.as_ref(), &statement.filters);
            update(view, &mut after, statement.table, &chosen, &statement.set)
                .map(|rows| (statement.table, rows, &statement.returning))
        }
        Statement::Delete(statement) => {
            let chosen = chosen(view, statement.table, statement.find.as_ref(), &statement.filters);
            after.rows_mut(statement.table).retain(|row| !chosen.contains(row));
            if statement.table == Table::Vehicles {
                after.records.retain(|record| !chosen.iter().any(|vehicle| vehicle[1] == record[2]));
            }
            Ok((statement.table, chosen, &statement.returning))
        }
    };
    let written =
        written.and_then(|written| if dangling(&after) { Err(vec![Fault::ForeignKey]) } else { Ok(written) });
    match written {
        Err(faults) => Expected { answer: Err(faults), ordered: false, state: None },
        Ok((table, rows, returning)) => {
            let all = views.iter().enumerate();
            let all = all.map(|(index, other)| if index == case.tenant { &after } else { other });
            Expected {
                answer: Ok(returned(view, table, rows, returning)),
                ordered: false,
                state: Some(everything(all)),
            }
        }
    }
}

fn read(rows: &Rows, mode: Mode, view: &View) -> Expected {
    let found = compute::rows(rows, view, None);
    let ordered = match rows {
        Rows::One(query) => !query.order.is_empty(),
        Rows::Both { order, .. } => !order.is_empty(),
    };
    let answer = match mode {
        Mode::Load | Mode::Lock(..) => found,
        Mode::First => found.into_iter().take(1).collect(),
        Mode::Count => vec![vec![Value::Int(i64::try_from(found.len()).expect("a few rows"))]],
        Mode::Exists => vec![vec![Value::Bool(!found.is_empty())]],
    };
    Expected { answer: Ok(answer), ordered, state: None }
}

/// A row alone, as conditions and expressions of a write see it.
fn alone(source: Source, row: &Row) -> Frame<'_> {
    vec![(source, Some(row))]
}

fn place<'a>(view: &'a View, frame: &'a Frame<'a>) -> Place<'a> {
    Place { view, frame, around: None, group: &[], window: &[] }
}

fn chosen(view: &View, table: Table, find: Option<&Value>, filters: &[Pred]) -> Vec<Row> {
    let rows = view.rows(table).iter();
    let found = rows.filter(|row| find.is_none_or(|id| row[1] == *id));
    found.filter(|row| place(view, &alone(table.source(), row)).all(filters)).cloned().collect()
}

fn returned(view: &View, table: Table, rows: Vec<Row>, returning: &Returning) -> Vec<Row> {
    match returning {
        Returning::Count => vec![vec![Value::Int(i64::try_from(rows.len()).expect("a few rows"))]],
        Returning::Model => rows.into_iter().map(|row| row[table.model()].to_vec()).collect(),
        Returning::Items(items) => rows
            .iter()
            .map(|row| {
                let frame = alone(table.source(), row);
                items.iter().map(|item| place(view, &frame).value(item)).collect()
            })
            .collect(),
    }
}

fn changed(place: &Place<'_>, row: &Row, set: &Changes) -> Row {
    let mut row = row.clone();
    match set {
        Changes::Inline(set) => set.iter().for_each(|(column, expr)| row[*column] = place.value(expr)),
        Changes::Struct(set) => set.iter().for_each(|(column, value)| row[*column] = value.clone()),
    }
    row
}

fn update(
    view: &View,
    after: &mut View,
    table: Table,
    chosen: &[Row],
    set: &Changes,
) -> Result<Vec<Row>, Vec<Fault>> {
    let mut updated = Vec::new();
    for row in after.rows_mut(table).iter_mut().filter(|row| chosen.contains(row)) {
        *row = changed(&place(view, &alone(table.source(), row)), row, set);
        updated.push(row.clone());
    }
    // Which fault comes first depends on the order in which the server meets the rows.
    let mut faults = Vec::new();
    if updated.iter().any(|row| breaks_check(table, row)) {
        faults.push(Fault::Check);
    }
    if table == Table::Vehicles && plates_repeat(after) {
        faults.push(Fault::Unique);
    }
    if faults.is_empty() { Ok(updated) } else { Err(faults) }
}

fn breaks_check(table: Table, row: &Row) -> bool {
    let broken = |value: &Value| match table {
        Table::Vehicles => value.int().is_some_and(|year| !(1886..=2100).contains(&year)),
        _ => value.int().is_some_and(|cents| cents < 0),
    };
    row.iter().any(Value::is_null) || broken(&row[4])
}

fn plates_repeat(view: &View) -> bool {
    let mut plates: Vec<&Value> = view.vehicles.iter().map(|row| &row[5]).collect();
    plates.sort_unstable();
    plates.windows(2).any(|pair| pair[0] == pair[1])
}

fn dangling(view: &View) -> bool {
    let make_is_known = |row: &Row| view.rows(Table::Makes).iter().any(|make| make[0] == row[2]);
    let vehicle_is_known = |row: &Row| view.vehicles.iter().any(|vehicle| vehicle[1] == row[2]);
    !view.vehicles.iter().all(make_is_known) || !view.records.iter().all(vehicle_is_known)
}

fn insert(insert: &Insert, view: &View, after: &mut View) -> Result<Vec<Row>, Vec<Fault>> {
    let table = insert.table;
    let mut touched: Vec<Row> = Vec::new();
    for row in proposed(insert, view) {
        if breaks_check(table, &row) {
            return Err(vec![Fault::Check]);
        }
        let clash = |column: usize| {
            after.rows(table).iter().position(|other| other[column] == row[column] && row[column] != new_id())
        };
        let any_clash = clash(1).or_else(|| if table == Table::Vehicles { clash(5) } else { None });
        let target_clash = match &insert.conflict {
            Conflict::Fails => None,
            Conflict::DoNothing => any_clash,
            Conflict::TargetDoNothing(target) | Conflict::DoUpdate { target, .. } => clash(target.column()),
        };
        match (&insert.conflict, target_clash, any_clash) {
            (_, None, Some(_)) => return Err(vec![Fault::Unique]),
            (_, None, None) => {
                after.rows_mut(table).push(row.clone());
                touched.push(row);
            }
            (Conflict::DoUpdate { set, filters, .. }, Some(at), _) => {
                if matches!(set, Changes::Struct(set) if set.is_empty()) {
                    continue;
                }
                let existing = after.rows(table)[at].clone();
                if touched.contains(&existing) {
                    return Err(vec![Fault::Twice]);
                }
                let excluded = if table == Table::Vehicles { Source::NewVehicle } else { Source::NewRecord };
                let mut frame = alone(table.source(), &existing);
                frame.push((excluded, Some(&row)));
                let place = place(view, &frame);
                if !place.all(filters) {
                    continue;
                }
                let updated = changed(&place, &existing, set);
                if breaks_check(table, &updated) {
                    return Err(vec![Fault::Check]);
                }
                after.rows_mut(table)[at] = updated.clone();
                if table == Table::Vehicles && plates_repeat(after) {
                    return Err(vec![Fault::Unique]);
                }
                touched.push(updated);
            }
            _ => {}
        }
    }
    Ok(touched)
}

/// The rows that are to be inserted, with all their columns.
pub(crate) fn proposed(insert: &Insert, view: &View) -> Vec<Row> {
    let whole = |row: &Row| [&[Value::Uuid(view.tenant)], &row[..]].concat();
    let anonymous = |row: &Row| [&[Value::Uuid(view.tenant), new_id()], &row[..]].concat();
    match &insert.source {
        NewRows::Tuple(row) => vec![whole(row)],
        NewRows::Tuples(rows) => rows.iter().map(whole).collect(),
        NewRows::Structs(rows) => rows.iter().map(|row| anonymous(&row[1..].to_vec())).collect(),
        NewRows::Defaults => vec![anonymous(&vec![Value::Null; 4])],
        NewRows::Query(copies) => copies
            .iter()
            .flat_map(|copied| {
                let rows = chosen(view, insert.table, None, &copied.filters);
                let items = Returning::Items(copied.items.clone());
                returned(view, insert.table, rows, &items)
            })
            .map(|row| anonymous(&row))
            .collect(),
    }
}
