//! The described queries, in crow's words.

use crow_core::Error;
use crow_core::bounds::RowOf;
use crow_core::{Combined, Model, TenantConn, TenantQuery, exists};
use crow_examples::models::{Make, ServiceRecord, Vehicle};
use crow_examples::schema::{makes, service_records, vehicles};
use diesel::prelude::*;
use futures_util::future::{BoxFuture, FutureExt, TryFutureExt};

use crate::build::Build;
use crate::describe::{Distinct, Mode, Query, Rows, SetOperation, Source, Strength, Table, Wait};
use crate::node::{Anything, Node};
use crate::sent::{Ready, Rendered};
use crate::value::{Cells, Value};

diesel::alias!(pub(crate) const OTHERS: Alias<Others> = vehicles as others);

/// A query with all it says.
pub(crate) enum Prepared<'t, 'q, M: Model, S, C> {
    Model(TenantQuery<'t, 'q, M, RowOf<M>, S, (), C>),
    Items(TenantQuery<'t, 'q, M, Anything, S, (), C>),
    Groups(TenantQuery<'t, 'q, M, Anything, S, Node<'q>, C>),
}

/// Whichever it is.
macro_rules! each {
    ($prepared:expr, $query:ident => $result:expr) => {
        match $prepared {
            Prepared::Model($query) => $result,
            Prepared::Items($query) => $result,
            Prepared::Groups($query) => $result,
        }
    };
}

/// What becomes of a query that is whole in itself, whatever its tables are.
trait Purpose<'t, 'q> {
    type Out;
    fn serve<M: Entity, S: 'static>(self, query: Prepared<'t, 'q, M, S, ()>) -> Self::Out;
}

/// What a query is in another one.
pub(crate) enum Part<'q> {
    Value,
    Exists,
    In(Node<'q>),
    NotIn(Node<'q>),
}

/// The models, whose rows are loaded as such.
pub(crate) trait Entity: Model + Sized + Send {
    fn load<'c, 't, S, C: crow_core::bounds::Uncorrelated>(
        query: TenantQuery<'t, '_, Self, RowOf<Self>, S, (), C>,
        db: &'c TenantConn<'t>,
    ) -> BoxFuture<'c, Result<Vec<Self>, Error>>;

    fn first<'c, 't, S, C: crow_core::bounds::Uncorrelated>(
        query: TenantQuery<'t, '_, Self, RowOf<Self>, S, (), C>,
        db: &'c TenantConn<'t>,
    ) -> BoxFuture<'c, Result<Self, Error>>;

    fn cells(self) -> Cells;
}

macro_rules! entity {
    ($model:ident: $($field:ident as $value:ident),+) => {
        impl Entity for $model {
            fn load<'c, 't, S, C: crow_core::bounds::Uncorrelated>(
                query: TenantQuery<'t, '_, Self, RowOf<Self>, S, (), C>,
                db: &'c TenantConn<'t>,
            ) -> BoxFuture<'c, Result<Vec<Self>, Error>> {
                query.load(db)
            }

            fn first<'c, 't, S, C: crow_core::bounds::Uncorrelated>(
                query: TenantQuery<'t, '_, Self, RowOf<Self>, S, (), C>,
                db: &'c TenantConn<'t>,
            ) -> BoxFuture<'c, Result<Self, Error>> {
                query.first(db)
            }

            fn cells(self) -> Cells {
                Cells(vec![$(Value::$value(self.$field.into())),+])
            }
        }
    };
}

entity!(Make: name as Text, country as Text);
entity!(Vehicle: id as Uuid, make as Text, model as Text, year as Int, plate as Text);
entity!(ServiceRecord: id as Uuid, vehicle_id as Uuid, work as Text, cents as Int, done_on as Date);

/// The query as a statement of its own.
pub(crate) fn statement<'q, 't: 'q>(build: &Build<'q, 't>, rows: &'q Rows, mode: Mode) -> Ready<'q> {
    match rows {
        Rows::One(query) => table(build, query, Run { db: build.db, mode }),
        rows => {
            let query = combined(build, rows);
            let rendered = Rendered::of(&query);
            match mode {
                Mode::Count => Ready::new(
                    rendered.around("SELECT count(*) FROM (", ") AS q"),
                    query.count(build.db).map_ok(number),
                ),
                _ => Ready::new(rendered, query.load::<Cells>(build.db)),
            }
        }
    }
}

/// The query as part of another.
pub(crate) fn subquery<'q, 't: 'q>(build: &Build<'q, 't>, query: &'q Query, part: Part<'q>) -> Node<'q> {
    let joins: Vec<Source> = query.joins.iter().map(|join| join.source).collect();
    macro_rules! correlated {
        ($base:ident, $outer:expr) => {
            embed(finish(build, $base(build, query).correlate($outer), query), part)
        };
    }
    match (query.outer, query.base, &joins[..]) {
        (None, ..) => table(build, query, Embed(part)),
        (Some(Source::Vehicles), Table::Records, []) => correlated!(records, vehicles::table),
        (Some(Source::Others), Table::Records, []) => correlated!(records, OTHERS),
        (Some(Source::Records), Table::Vehicles, []) => correlated!(of_vehicles, service_records::table),
        (Some(Source::Makes), Table::Vehicles, []) => correlated!(of_vehicles, makes::table),
        (Some(Source::Others), Table::Vehicles, []) => correlated!(of_vehicles, OTHERS),
        (Some(Source::Vehicles), Table::Makes, []) => correlated!(of_makes, vehicles::table),
        (Some(Source::Others), Table::Records, [Source::Vehicles]) => {
            let query_ = records(build, query).inner_join(vehicles::table);
            embed(finish(build, query_.correlate(OTHERS), query), part)
        }
        (outer, base, joins) => unreachable!("{base:?} with {joins:?} inside {outer:?} is not generated"),
    }
}

/// A combination, or a query as one.
pub(crate) fn combined<'q, 't: 'q>(build: &Build<'q, 't>, rows: &'q Rows) -> Combined<'t, 'q, Anything> {
    match rows {
        Rows::One(query) => table(build, query, Combine),
        Rows::Both { left, set, right, order, limit, offset } => {
            let (left, right) = (combined(build, left), combined(build, right));
            let mut both = match set {
                SetOperation::Union => left.union(right),
                SetOperation::UnionAll => left.union_all(right),
                SetOperation::Intersect => left.intersect(right),
                SetOperation::IntersectAll => left.intersect_all(right),
                SetOperation::Except => left.except(right),
                SetOperation::ExceptAll => left.except_all(right),
            };
            for &(column, descending) in order {
                both =
                    if descending { both.order_by_column_desc(column) } else { both.order_by_column(column) };
            }
            if let Some(limit) = limit {
                both = both.limit(*limit);
            }
            if let Some(offset) = offset {
                both = both.offset(*offset);
            }
            both
        }
    }
}

/// The tables, of which diesel's types want to know each combination.
fn table<'q, 't: 'q, P: Purpose<'t, 'q>>(build: &Build<'q, 't>, query: &'q Query, purpose: P) -> P::Out {
    macro_rules! serve {
        ($query:expr) => {
            purpose.serve(finish(build, $query, query))
        };
    }
    macro_rules! joined {
        ($query:expr, $($then:tt)*) => {
            joined!(@ 0, $query, $($then)*)
        };
        (@ $n:tt, $query:expr,) => {
            serve!($query)
        };
        // Along the foreign key, unless a condition is given.
        (@ $n:tt, $query:expr, along $table:expr; $($then:tt)*) => {{
            let (query_, join) = ($query, &query.joins[$n]);
            match (join.left, &join.on) {
                (false, None) => joined!(@ 1, query_.inner_join($table), $($then)*),
                (false, Some(on)) => joined!(@ 1, query_.inner_join($table.on(build.pred(on))), $($then)*),
                (true, None) => joined!(@ 1, query_.left_join($table), $($then)*),
                (true, Some(on)) => joined!(@ 1, query_.left_join($table.on(build.pred(on))), $($then)*),
            }
        }};
        (@ $n:tt, $query:expr, on $table:expr; $($then:tt)*) => {{
            let (query_, join) = ($query, &query.joins[$n]);
            let on = build.pred(join.on.as_ref().expect("these tables have no foreign key"));
            if join.left {
                joined!(@ 1, query_.left_join($table.on(on)), $($then)*)
            } else {
                joined!(@ 1, query_.inner_join($table.on(on)), $($then)*)
            }
        }};
    }
    let joins: Vec<Source> = query.joins.iter().map(|join| join.source).collect();
    match (query.base, &joins[..]) {
        (Table::Makes, []) => serve!(of_makes(build, query)),
        (Table::Vehicles, []) => serve!(of_vehicles(build, query)),
        (Table::Records, []) => serve!(records(build, query)),
        (Table::Makes, [Source::Vehicles]) => joined!(of_makes(build, query), on vehicles::table;),
        (Table::Vehicles, [Source::Records]) => {
            joined!(of_vehicles(build, query), along service_records::table;)
        }
        (Table::Vehicles, [Source::Makes]) => joined!(of_vehicles(build, query), on makes::table;),
        (Table::Vehicles, [Source::Others]) => joined!(of_vehicles(build, query), on OTHERS;),
        (Table::Records, [Source::Vehicles]) => joined!(records(build, query), along vehicles::table;),
        (Table::Records, [Source::Vehicles, Source::Makes]) => {
            joined!(records(build, query), along vehicles::table; on makes::table;)
        }
        (Table::Records, [Source::Vehicles, Source::Others]) => {
            joined!(records(build, query), along vehicles::table; on OTHERS;)
        }
        (Table::Vehicles, [Source::Records, Source::Makes]) => {
            joined!(of_vehicles(build, query), along service_records::table; on makes::table;)
        }
        (base, joins) => unreachable!("{base:?} with {joins:?} is not generated"),
    }
}

fn of_makes<'q, 't: 'q>(build: &Build<'q, 't>, query: &'q Query) -> TenantQuery<'t, 'q, Make> {
    let makes = build.db.query::<Make>();
    match query.find.as_ref().and_then(Value::text) {
        Some(name) => makes.find(name),
        None => makes,
    }
}

fn of_vehicles<'q, 't: 'q>(build: &Build<'q, 't>, query: &'q Query) -> TenantQuery<'t, 'q, Vehicle> {
    let vehicles = build.db.query::<Vehicle>();
    match query.find.as_ref().and_then(Value::uuid) {
        Some(id) => vehicles.find(id),
        None => vehicles,
    }
}

fn records<'q, 't: 'q>(build: &Build<'q, 't>, query: &'q Query) -> TenantQuery<'t, 'q, ServiceRecord> {
    let records = build.db.query::<ServiceRecord>();
    match query.find.as_ref().and_then(Value::uuid) {
        Some(id) => records.find(id),
        None => records,
    }
}

/// Everything after the tables.
fn finish<'q, 't: 'q, M: Model, S, C>(
    build: &Build<'q, 't>,
    mut sql: TenantQuery<'t, 'q, M, RowOf<M>, S, (), C>,
    query: &'q Query,
) -> Prepared<'t, 'q, M, S, C> {
    for filter in &query.filters {
        sql = sql.filter(build.pred(filter));
    }
    macro_rules! rest {
        ($query:expr) => {{
            let mut sql = $query;
            match &query.distinct {
                Distinct::No => {}
                Distinct::Rows => sql = sql.distinct(),
                Distinct::On(columns) => {
                    let columns = columns.iter().map(|&column| crate::build::node(column)).collect();
                    sql = sql.distinct_on(Node::list(columns));
                }
            }
            for key in &query.order {
                sql = sql.then_order_by(build.key(key));
            }
            if let Some(limit) = query.limit {
                sql = sql.limit(limit);
            }
            if let Some(offset) = query.offset {
                sql = sql.offset(offset);
            }
            sql
        }};
    }
    match &query.items {
        None => Prepared::Model(rest!(sql)),
        Some(items) if query.group.is_empty() => {
            Prepared::Items(rest!(sql.select(Node::list(build.exprs(items)))))
        }
        Some(items) => {
            let keys = query.group.iter().map(|&column| crate::build::node(column)).collect();
            let mut groups = sql.group_by(Node::list(keys));
            if let Some(having) = &query.having {
                groups = groups.having(build.pred(having));
            }
            Prepared::Groups(rest!(groups.select(Node::list(build.exprs(items)))))
        }
    }
}

fn embed<'q, 't: 'q, M: Model, S: 'static, C: 'static>(
    query: Prepared<'t, 'q, M, S, C>,
    part: Part<'q>,
) -> Node<'q> {
    match (part, query) {
        (Part::Exists, query) => each!(query, query => Node::of(exists(query))),
        (Part::Value, Prepared::Items(query)) => Node::of(query.single_value()),
        (Part::Value, Prepared::Groups(query)) => Node::of(query.single_value()),
        (Part::In(value), Prepared::Items(query)) => Node::of(value.eq_any(query)),
        (Part::In(value), Prepared::Groups(query)) => Node::of(value.eq_any(query)),
        (Part::NotIn(value), Prepared::Items(query)) => Node::of(value.ne_all(query)),
        (Part::NotIn(value), Prepared::Groups(query)) => Node::of(value.ne_all(query)),
        (_, Prepared::Model(_)) => unreachable!("a value is selected"),
    }
}

struct Embed<'q>(Part<'q>);

impl<'t: 'q, 'q> Purpose<'t, 'q> for Embed<'q> {
    type Out = Node<'q>;

    fn serve<M: Entity, S: 'static>(self, query: Prepared<'t, 'q, M, S, ()>) -> Node<'q> {
        embed(query, self.0)
    }
}

struct Combine;

impl<'t: 'q, 'q> Purpose<'t, 'q> for Combine {
    type Out = Combined<'t, 'q, Anything>;

    fn serve<M: Entity, S: 'static>(self, query: Prepared<'t, 'q, M, S, ()>) -> Self::Out {
        match query {
            Prepared::Items(query) => query.into(),
            Prepared::Groups(query) => query.into(),
            Prepared::Model(_) => unreachable!("what is combined selects something"),
        }
    }
}

struct Run<'q, 't> {
    db: &'q TenantConn<'t>,
    mode: Mode,
}

impl<'t: 'q, 'q> Purpose<'t, 'q> for Run<'q, 't> {
    type Out = Ready<'q>;

    fn serve<M: Entity, S: 'static>(self, query: Prepared<'t, 'q, M, S, ()>) -> Ready<'q> {
        let Self { db, mode } = self;
        let all = |rows: Vec<M>| rows.into_iter().map(M::cells).collect();
        match (mode, query) {
            (Mode::Count, query) => each!(query, query => {
                let rendered = Rendered::of(&query).around("SELECT count(*) FROM (", ") AS q");
                Ready::new(rendered, query.count(db).map_ok(number))
            }),
            (Mode::Exists, query) => each!(query, query => {
                let rendered = Rendered::of(&query).around("SELECT EXISTS (", ")");
                Ready::new(rendered, query.exists(db).map_ok(|found| vec![Cells(vec![Value::Bool(found)])]))
            }),
            (Mode::Load, Prepared::Model(query)) => {
                Ready::new(Rendered::of(&query), M::load(query, db).map_ok(all))
            }
            (Mode::Load, Prepared::Items(query)) => Ready::new(Rendered::of(&query), query.load(db)),
            (Mode::Load, Prepared::Groups(query)) => Ready::new(Rendered::of(&query), query.load(db)),
            (Mode::First, Prepared::Model(query)) => {
                let query = query.limit(1);
                Ready::new(Rendered::of(&query), M::first(query, db).map(one).map_ok(all))
            }
            (Mode::First, Prepared::Items(query)) => {
                let query = query.limit(1);
                Ready::new(Rendered::of(&query), query.first(db).map(one))
            }
            (Mode::First, Prepared::Groups(query)) => {
                let query = query.limit(1);
                Ready::new(Rendered::of(&query), query.first(db).map(one))
            }
            (Mode::Lock(strength, wait), Prepared::Items(query)) => {
                let locked = match strength {
                    Strength::Update => query.for_update(),
                    Strength::NoKeyUpdate => query.for_no_key_update(),
                    Strength::Share => query.for_share(),
                    Strength::KeyShare => query.for_key_share(),
                };
                let locked = match wait {
                    Wait::Queue => locked,
                    Wait::Skip => locked.skip_locked(),
                    Wait::Fail => locked.no_wait(),
                };
                Ready::new(Rendered::of(&locked), locked.load(db))
            }
            (Mode::Lock(..), _) => unreachable!("rows that are locked are selected and not grouped"),
        }
    }
}

fn number(number: i64) -> Vec<Cells> {
    vec![Cells(vec![Value::Int(number)])]
}

/// No row is no row.
fn one<T>(row: Result<T, Error>) -> Result<Vec<T>, Error> {
    use crow_core::Optional;
    Ok(row.optional()?.into_iter().collect())
}
