//! The described inserts, updates and deletes, in crow's words.

use chrono::NaiveDate;
use crow_core::bounds::{Complete, Inserted, OnConflict, RowOf, Upserted};
use crow_core::{Insert as CrowInsert, Write};
use crow_examples::models::{NewServiceRecord, NewVehicle, ServiceRecord, Vehicle, VehicleChanges};
use crow_examples::schema::{service_records, vehicles};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Integer, Text, Uuid as SqlUuid};
use futures_util::future::TryFutureExt;
use uuid::Uuid;

use crate::build::Build;
use crate::describe::{
    Changes, Conflict, Copied, Insert, NewRows, Returning, Statement, Table, Target, Update,
};
use crate::node::Node;
use crate::read::{self, Entity};
use crate::sent::{Ready, Rendered};
use crate::value::{Cells, Row, Value};

/// `find` and `filter`, then the rest, then RETURNING.
macro_rules! narrow_and_run {
    ($build:expr, $of:expr, $write:expr, |$narrowed:ident| $rest:expr) => {{
        let mut $narrowed = $write;
        if let Some(id) = $of.find.as_ref().and_then(Value::uuid) {
            $narrowed = $narrowed.find(id);
        }
        for filter in &$of.filters {
            $narrowed = $narrowed.filter($build.pred(filter));
        }
        run($build, $rest, &$of.returning)
    }};
}
pub(crate) fn statement<'q, 't: 'q>(build: &Build<'q, 't>, statement: &'q Statement) -> Ready<'q> {
    match statement {
        Statement::Read(rows, mode) => read::statement(build, rows, *mode),
        Statement::Insert(insert) => match insert.table {
            Table::Vehicles => vehicle_insert(build, insert),
            _ => record_insert(build, insert),
        },
        Statement::Update(update) => match update.table {
            Table::Vehicles => vehicle_update(build, update),
            _ => record_update(build, update),
        },
        Statement::Delete(delete) => match delete.table {
            Table::Vehicles => narrow_and_run!(build, delete, build.db.delete::<Vehicle>(), |write| write),
            _ => narrow_and_run!(build, delete, build.db.delete::<ServiceRecord>(), |write| write),
        },
    }
}

/// The described assignments, one column or two, and then what becomes of the statement.
macro_rules! set_inline {
    ($build:expr, $write:expr, $set:expr, $table:ident: $($one:tt $column:ident $ty:ty),+; $(($first:tt $second:tt)),+) => {{
        macro_rules! assign {
            $(($one, $expr:expr) => { $table::$column.eq($build.expr($expr).typed::<$ty>()) };)+
        }
        match $set {
            $([($one, expr)] => $write.set(assign!($one, expr)),)+
            $([($first, a), ($second, b)] => $write.set((assign!($first, a), assign!($second, b))),)+
            other => unreachable!("{other:?} is not generated"),
        }
    }};
}

macro_rules! set_vehicle {
    ($build:expr, $write:expr, $set:expr) => {
        match $set {
            Changes::Inline(set) => set_inline!($build, $write, &set[..], vehicles:
                2 make Text, 3 model Text, 4 year Integer, 5 plate Text; (2 4), (3 5)),
            Changes::Struct(set) => $write.set(changes(set)),
        }
    };
}

macro_rules! set_record {
    ($build:expr, $write:expr, $set:expr) => {
        match $set {
            Changes::Inline(set) => set_inline!($build, $write, &set[..], service_records:
                2 vehicle_id SqlUuid, 3 work Text, 4 cents BigInt, 5 done_on Date; (2 5), (3 4)),
            Changes::Struct(_) => unreachable!("records have no changeset"),
        }
    };
}

fn changes(set: &[(usize, Value)]) -> VehicleChanges {
    let get = |column| set.iter().find(|(index, _)| *index == column).map(|(_, value)| value);
    let text = |column| get(column).and_then(Value::text).map(str::to_owned);
    VehicleChanges {
        make: text(2),
        model: text(3),
        year: get(4).and_then(Value::int).map(|year| i32::try_from(year).expect("a year is small")),
        plate: text(5),
    }
}

fn vehicle_update<'q, 't: 'q>(build: &Build<'q, 't>, update: &'q Update) -> Ready<'q> {
    narrow_and_run!(build, update, build.db.update::<Vehicle>(), |write| {
        set_vehicle!(build, write, &update.set)
    })
}

fn record_update<'q, 't: 'q>(build: &Build<'q, 't>, update: &'q Update) -> Ready<'q> {
    narrow_and_run!(build, update, build.db.update::<ServiceRecord>(), |write| {
        set_record!(build, write, &update.set)
    })
}

fn vehicle_insert<'q, 't: 'q>(build: &Build<'q, 't>, insert: &'q Insert) -> Ready<'q> {
    let into = build.db.insert_into::<Vehicle>();
    let tuple = |row: &'q Row| {
        (
            vehicles::id.eq(uuid(&row[0])),
            vehicles::make.eq(text(&row[1])),
            vehicles::model.eq(text(&row[2])),
            vehicles::year.eq(year(&row[3])),
            vehicles::plate.eq(text(&row[4])),
        )
    };
    let write = match &insert.source {
        NewRows::Tuple(row) => into.values(tuple(row)),
        NewRows::Tuples(rows) => into.values(rows.iter().map(tuple).collect::<Vec<_>>()),
        NewRows::Structs(rows) => into.values(
            rows.iter()
                .map(|row| NewVehicle {
                    make: text(&row[1]),
                    model: text(&row[2]),
                    year: year(&row[3]),
                    plate: text(&row[4]),
                })
                .collect::<Vec<_>>(),
        ),
        NewRows::Defaults => into.default_values(),
        NewRows::Query(copies) => {
            let columns = (vehicles::make, vehicles::model, vehicles::year, vehicles::plate);
            let mut queries = copies.iter().map(|Copied { filters, items }| {
                let mut query = build.db.query::<Vehicle>();
                for filter in filters {
                    query = query.filter(build.pred(filter));
                }
                let item = |n: usize| build.expr(&items[n]);
                query.select((
                    item(0).typed::<Text>(),
                    item(1).typed::<Text>(),
                    item(2).typed::<Integer>(),
                    item(3).typed::<Text>(),
                ))
            });
            let first = queries.next().expect("at least one query is copied from");
            match queries.next() {
                None => into.from_query(columns, first),
                Some(second) => into.from_query(columns, first.union_all(second)),
            }
        }
    };
    match &insert.conflict {
        Conflict::Fails => run(build, write, &insert.returning),
        Conflict::DoNothing => run(build, write.on_conflict_do_nothing(), &insert.returning),
        Conflict::TargetDoNothing(target) => {
            run(build, vehicle_target(write, *target).do_nothing(), &insert.returning)
        }
        Conflict::DoUpdate { target, set, filters } => {
            let update = vehicle_target(write, *target).do_update();
            let mut write = set_vehicle!(build, update, set);
            for filter in filters {
                write = write.filter(build.pred(filter));
            }
            run::<Vehicle, Upserted>(build, write, &insert.returning)
        }
    }
}

fn vehicle_target<'q, 't: 'q>(
    write: CrowInsert<'t, 'q, Vehicle>,
    target: Target,
) -> OnConflict<'t, 'q, Vehicle> {
    match target {
        Target::Id => write.on_conflict(vehicles::id),
        Target::Plate => write.on_conflict(vehicles::plate),
        Target::PlateConstraint => write.on_constraint("vehicles_tenant_id_plate_key"),
    }
}

fn record_insert<'q, 't: 'q>(build: &Build<'q, 't>, insert: &'q Insert) -> Ready<'q> {
    let into = build.db.insert_into::<ServiceRecord>();
    let tuple = |row: &'q Row| {
        (
            service_records::id.eq(uuid(&row[0])),
            service_records::vehicle_id.eq(uuid(&row[1])),
            service_records::work.eq(text(&row[2])),
            service_records::cents.eq(row[3].int().expect("cents")),
            service_records::done_on.eq(date(&row[4])),
        )
    };
    let write: Write<'t, 'q, ServiceRecord, Inserted> = match &insert.source {
        NewRows::Tuple(row) => into.values(tuple(row)),
        NewRows::Tuples(rows) => into.values(rows.iter().map(tuple).collect::<Vec<_>>()),
        NewRows::Structs(rows) => into.values(
            rows.iter()
                .map(|row| NewServiceRecord {
                    vehicle_id: uuid(&row[1]),
                    work: text(&row[2]),
                    cents: row[3].int().expect("cents"),
                    done_on: date(&row[4]),
                })
                .collect::<Vec<_>>(),
        ),
        NewRows::Defaults => into.default_values(),
        NewRows::Query(copies) => {
            let columns = (
                service_records::vehicle_id,
                service_records::work,
                service_records::cents,
                service_records::done_on,
            );
            let mut queries = copies.iter().map(|Copied { filters, items }| {
                let mut query = build.db.query::<ServiceRecord>();
                for filter in filters {
                    query = query.filter(build.pred(filter));
                }
                let item = |n: usize| build.expr(&items[n]);
                query.select((
                    item(0).typed::<SqlUuid>(),
                    item(1).typed::<Text>(),
                    item(2).typed::<BigInt>(),
                    item(3).typed::<Date>(),
                ))
            });
            let first = queries.next().expect("at least one query is copied from");
            match queries.next() {
                None => into.from_query(columns, first),
                Some(second) => into.from_query(columns, first.union_all(second)),
            }
        }
    };
    match &insert.conflict {
        Conflict::Fails => run(build, write, &insert.returning),
        Conflict::DoNothing => run(build, write.on_conflict_do_nothing(), &insert.returning),
        Conflict::TargetDoNothing(_) => {
            run(build, write.on_conflict(service_records::id).do_nothing(), &insert.returning)
        }
        Conflict::DoUpdate { set, filters, .. } => {
            let update = write.on_conflict(service_records::id).do_update();
            let mut write = set_record!(build, update, set);
            for filter in filters {
                write = write.filter(build.pred(filter));
            }
            run::<ServiceRecord, Upserted>(build, write, &insert.returning)
        }
    }
}

/// What is given back, and off it goes.
fn run<'q, 't: 'q, M: Entity, Op: Complete>(
    build: &Build<'q, 't>,
    write: Write<'t, 'q, M, Op>,
    returning: &'q Returning,
) -> Ready<'q>
where
    RowOf<M>: crow_core::bounds::Loads<M>,
{
    match returning {
        Returning::Count => {
            let mut rendered = Rendered::of(&write);
            if let Some(end) = rendered.sql.rfind(" RETURNING ") {
                rendered.sql.truncate(end);
            } else {
                // An update without changes reads the rows.
                let end = rendered.sql.find(" FROM ").expect("a query");
                rendered.sql.replace_range("SELECT ".len()..end, "1");
            }
            let count = |rows| vec![Cells(vec![Value::Int(i64::try_from(rows).expect("a few rows"))])];
            Ready::new(rendered, write.execute(build.db).map_ok(count))
        }
        Returning::Model => Ready::new(
            Rendered::of(&write),
            write.get_results::<M>(build.db).map_ok(|rows| rows.into_iter().map(M::cells).collect()),
        ),
        Returning::Items(items) => {
            let write = write.returning(Node::list(build.exprs(items)));
            Ready::new(Rendered::of(&write), write.get_results::<Cells>(build.db))
        }
    }
}

fn uuid(value: &Value) -> Uuid {
    value.uuid().expect("an id")
}

fn text(value: &Value) -> &str {
    value.text().expect("a text")
}

fn year(value: &Value) -> i32 {
    value.int().and_then(|year| year.try_into().ok()).expect("a year")
}

fn date(value: &Value) -> NaiveDate {
    value.date().expect("a date")
}
