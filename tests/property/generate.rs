//! Random statements that PostgreSQL accepts and whose result is certain.

use proptest::prelude::Rng;
use proptest::test_runner::TestRng;

use crate::describe::{
    Aggregate, Arithmetic, Case, Changes, Column, Comparison, Conflict, Copied, Delete, Distinct, Expr,
    Function, Insert, Join, Key, Mode, NewRows, Pred, Query, Returning, Rows, SetOperation, Source,
    Statement, Strength, Table, Target, Update, Wait,
};
use crate::value::{Row, Type, Value};
use crate::world::{MAKES, MODELS, RECORDS, TENANTS, VEHICLES, WORK, YEARS, day, id, tenant, text};

/// How deep subqueries go.
const DEPTH: u32 = 2;
/// How many subqueries and cases a statement has at most: larger ones are slow and tell no more.
const BRANCHES: u32 = 12;

pub(crate) fn case(rng: &mut TestRng) -> Case {
    let mut generate = Generate { rng, branches: BRANCHES };
    Case { tenant: generate.below(TENANTS), statement: generate.statement() }
}

struct Generate<'r> {
    rng: &'r mut TestRng,
    /// How many subqueries and cases the statement may still have.
    branches: u32,
}

/// What an expression can refer to, and how many subqueries may still be put into it.
#[derive(Clone)]
struct Scope {
    own: Vec<Source>,
    outer: Option<Source>,
    depth: u32,
}

impl Scope {
    fn of(own: Vec<Source>) -> Self {
        Self { own, outer: None, depth: DEPTH }
    }

    fn columns(&self) -> impl Iterator<Item = Column> {
        self.own.iter().chain(&self.outer).flat_map(|source| source.columns())
    }
}

impl Generate<'_> {
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.rng.next_u64() % end as u64).expect("a small number")
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn many<T>(&mut self, at_most: usize, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(at_most + 1).min(self.below(at_most + 1))).map(|_| one(self)).collect()
    }

    fn maybe<T>(&mut self, percent: usize, one: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.chance(percent).then(|| one(self))
    }

    fn branch(&mut self) -> bool {
        let more = self.branches > 0;
        self.branches = self.branches.saturating_sub(1);
        more
    }

    fn statement(&mut self) -> Statement {
        match self.below(20) {
            0..=9 => self.read(),
            10..=12 => Statement::Read(self.combination(DEPTH), self.combination_mode()),
            13..=15 => Statement::Insert(self.insert()),
            16..=17 => Statement::Update(self.update()),
            _ => {
                let table = self.pick(&[Table::Vehicles, Table::Records]);
                let scope = Scope::of(vec![table.source()]);
                Statement::Delete(Delete {
                    table,
                    find: self.maybe(30, |g| g.key(table)),
                    filters: self.many(2, |g| g.pred(&scope, 2)),
                    returning: self.returning(table),
                })
            }
        }
    }

    // Reading

    fn read(&mut self) -> Statement {
        let mut query = self.query(None, DEPTH, Wanted::Whatever);
        let plain = query.group.is_empty()
            && matches!(query.distinct, Distinct::No)
            && query.joins.iter().all(|join| !join.left && join.source != Source::Makes)
            && query.base != Table::Makes
            && query.items.as_ref().is_some_and(|items| items.iter().all(is_lockable));
        let mode = match self.below(10) {
            0..=1 => Mode::Count,
            2 => Mode::Exists,
            3 if !query.order.is_empty() => Mode::First,
            4..=6 if plain => {
                // A lock is taken before LIMIT is, and then tells nothing new here.
                query.limit = None;
                Mode::Lock(
                    self.pick(&[
                        Strength::Update,
                        Strength::NoKeyUpdate,
                        Strength::Share,
                        Strength::KeyShare,
                    ]),
                    self.pick(&[Wait::Queue, Wait::Skip, Wait::Fail]),
                )
            }
            _ => Mode::Load,
        };
        if mode == Mode::First {
            // `first` brings its own.
            query.limit = None;
        }
        Statement::Read(Rows::One(Box::new(query)), mode)
    }

    fn combination_mode(&mut self) -> Mode {
        self.pick(&[Mode::Load, Mode::Load, Mode::Load, Mode::Count])
    }

    fn combination(&mut self, depth: u32) -> Rows {
        let types = self.types();
        self.combined(&types, depth, 2)
    }

    fn types(&mut self) -> Vec<Type> {
        let all = [Type::Int4, Type::Int8, Type::Text, Type::Uuid, Type::Date];
        (0..=self.below(3)).map(|_| self.pick(&all)).collect()
    }

    fn combined(&mut self, types: &[Type], depth: u32, height: u32) -> Rows {
        let branch = |g: &mut Self| {
            if height > 1 && g.chance(30) {
                g.combined(types, depth, height - 1)
            } else {
                Rows::One(Box::new(g.query(None, depth, Wanted::Types(types))))
            }
        };
        let (left, right) = (Box::new(branch(self)), Box::new(branch(self)));
        let ordered = self.chance(50);
        let order = if ordered {
            (1..=types.len()).map(|n| (u32::try_from(n).expect("few columns"), self.chance(40))).collect()
        } else {
            Vec::new()
        };
        Rows::Both {
            left,
            set: self.pick(&[
                SetOperation::Union,
                SetOperation::UnionAll,
                SetOperation::Intersect,
                SetOperation::IntersectAll,
                SetOperation::Except,
                SetOperation::ExceptAll,
            ]),
            right,
            order,
            limit: self.maybe(if ordered { 30 } else { 0 }, |g| g.number(6)),
            offset: self.maybe(if ordered { 20 } else { 0 }, |g| g.number(3)),
        }
    }

    fn number(&mut self, end: usize) -> i64 {
        i64::try_from(self.below(end)).expect("a small number")
    }

    /// A query inside one that has the tables `around`, if any.
    fn query(&mut self, around: Option<&Scope>, depth: u32, wanted: Wanted<'_>) -> Query {
        let outer = match around {
            Some(around) if self.chance(60) => {
                let fitting: Vec<_> =
                    CORRELATED.iter().filter(|(.., outer)| around.own.contains(outer)).collect();
                (!fitting.is_empty()).then(|| *self.pick(&fitting))
            }
            _ => None,
        };
        let (base, joins, outer) = match outer {
            Some((base, joins, outer)) => (base, joins, Some(outer)),
            None => {
                let (base, joins) = self.pick(&SHAPES);
                (base, joins, None)
            }
        };
        let mut scope = Scope { own: vec![base.source()], outer, depth };
        let mut described = Vec::new();
        for &source in joins {
            scope.own.push(source);
            let links = matches!(
                (base, source),
                (Table::Vehicles, Source::Records) | (Table::Records, Source::Vehicles)
            );
            let fixed = outer.is_some();
            described.push(Join {
                source,
                left: !fixed && self.chance(45),
                on: (!fixed && (!links || self.chance(30))).then(|| {
                    // Conditions see what is joined so far.
                    let related = self.related(&Scope { outer: None, ..scope.clone() });
                    match self.below(3) {
                        0 => related,
                        1 => {
                            let other = self.pred(&Scope { outer: None, ..scope.clone() }, 1);
                            Pred::Or(Box::new(related), Box::new(other))
                        }
                        _ => self.pred(&Scope { outer: None, ..scope.clone() }, 2),
                    }
                }),
            });
        }
        let mut filters = self.many(2, |g| g.pred(&scope, 2));
        if outer.is_some() && self.chance(80) {
            filters.push(self.related(&scope));
        }
        let mut query = Query {
            base,
            joins: described,
            outer,
            find: self.maybe(10, |g| g.key(base)),
            filters,
            group: Vec::new(),
            having: None,
            items: None,
            distinct: Distinct::No,
            order: Vec::new(),
            limit: None,
            offset: None,
        };
        self.shape(&mut query, &scope, wanted);
        query
    }

    /// Selection, groups, order.
    fn shape(&mut self, query: &mut Query, scope: &Scope, wanted: Wanted<'_>) {
        let own = Scope { outer: None, ..scope.clone() };
        let types = match wanted {
            Wanted::Whatever if self.chance(25) => {
                self.sort(query, scope);
                return;
            }
            Wanted::Whatever => self.types(),
            Wanted::Types(types) => types.to_vec(),
            Wanted::One(ty) => {
                let item = if self.chance(60) { self.aggregate(&own, ty) } else { self.expr(scope, ty, 1) };
                if !matches!(item, Expr::Aggregate(_)) {
                    self.force_sort(query, scope);
                    query.limit = Some(1);
                }
                query.items = Some(vec![item]);
                return;
            }
        };
        match self.below(10) {
            // Groups.
            0..=1 => {
                query.group = self.keys(&own);
                let group = query.group.clone();
                query.items = Some(
                    types
                        .iter()
                        .map(|&ty| {
                            let keys: Vec<_> = group.iter().filter(|key| key.ty() == ty).collect();
                            if keys.is_empty() || self.chance(50) {
                                self.aggregate(&own, ty)
                            } else {
                                Expr::Column(*self.pick(&keys))
                            }
                        })
                        .collect(),
                );
                query.having = self.maybe(40, |g| g.having(&own));
                if self.chance(50) {
                    query.order = group.iter().map(|&key| self.sort_key(Expr::Column(key))).collect();
                    if self.chance(40) {
                        let first = Expr::Aggregate(Aggregate {
                            function: Function::CountStar,
                            argument: None,
                            filter: None,
                        });
                        query.order.insert(0, self.sort_key(first));
                    }
                    self.cut(query);
                }
            }
            // One row of aggregates.
            2 => query.items = Some(types.iter().map(|&ty| self.aggregate(&own, ty)).collect()),
            // Distinct rows; only columns can be sorted by.
            3 => {
                query.distinct = Distinct::Rows;
                let sorted = self.chance(50);
                let items: Vec<_> = types
                    .iter()
                    .map(|&ty| match (self.column(&own, ty), sorted) {
                        (Some(column), true) => Expr::Column(column),
                        _ => self.expr(scope, ty, 1),
                    })
                    .collect();
                if items.iter().all(|item| matches!(item, Expr::Column(_))) && sorted {
                    query.order = items.iter().map(|item| self.sort_key(item.clone())).collect();
                    self.cut(query);
                }
                query.items = Some(items);
            }
            // The first row of each kind.
            4 => {
                let on = self.keys(&own);
                query.order = on.iter().map(|&column| self.sort_key(Expr::Column(column))).collect();
                query.distinct = Distinct::On(on);
                query.items = Some(types.iter().map(|&ty| self.expr(scope, ty, 1)).collect());
                self.append_keys(query);
                self.cut(query);
            }
            // Windows.
            5 => {
                query.items = Some(
                    types
                        .iter()
                        .map(|&ty| {
                            if ty == Type::Int8 { self.window(query, &own) } else { self.expr(scope, ty, 1) }
                        })
                        .collect(),
                );
                self.sort(query, scope);
            }
            _ => {
                query.items = Some(types.iter().map(|&ty| self.expr(scope, ty, 2)).collect());
                self.sort(query, scope);
            }
        }
    }

    fn keys(&mut self, own: &Scope) -> Vec<Column> {
        let all: Vec<Column> = own.columns().collect();
        let mut keys = vec![self.pick(&all)];
        let second = self.pick(&all);
        if self.chance(40) && !keys.contains(&second) {
            keys.push(second);
        }
        keys
    }

    fn sort(&mut self, query: &mut Query, scope: &Scope) {
        if self.chance(60) {
            self.force_sort(query, scope);
            self.cut(query);
        }
    }

    fn force_sort(&mut self, query: &mut Query, scope: &Scope) {
        let ty = self.pick(&[Type::Int4, Type::Int8, Type::Text, Type::Date]);
        query.order = vec![];
        if self.chance(70) {
            let first = self.expr(scope, ty, 1);
            query.order.push(self.sort_key(first));
        }
        self.append_keys(query);
    }

    /// Keys of all tables, so that no two rows are equal in the order.
    fn append_keys(&mut self, query: &mut Query) {
        for source in query.sources().collect::<Vec<_>>() {
            query.order.push(self.sort_key(Expr::Column(source.key())));
        }
    }

    fn cut(&mut self, query: &mut Query) {
        query.limit = self.maybe(35, |g| g.number(6));
        query.offset = self.maybe(20, |g| g.number(4));
    }

    fn sort_key(&mut self, expr: Expr) -> Key {
        Key { expr, descending: self.chance(40), nulls_first: self.maybe(30, |g| g.chance(50)) }
    }

    fn window(&mut self, query: &Query, own: &Scope) -> Expr {
        let all: Vec<Column> = own.columns().collect();
        if self.chance(50) {
            let order = query.sources().map(|source| self.sort_key(Expr::Column(source.key()))).collect();
            Expr::RowNumber { partition: self.pick(&all), order }
        } else {
            Expr::CountOver { argument: self.pick(&all), partition: self.pick(&all) }
        }
    }

    fn having(&mut self, own: &Scope) -> Pred {
        let ty = self.pick(&[Type::Int8, Type::Text]);
        let pred = Pred::Compare(self.comparison(), self.aggregate(own, ty), self.constant(ty));
        if self.chance(30) {
            let second = Pred::Compare(self.comparison(), self.aggregate(own, ty), self.constant(ty));
            return Pred::Or(Box::new(pred), Box::new(second));
        }
        pred
    }

    /// An aggregate over the tables of the query itself: of others it would belong to another query.
    fn aggregate(&mut self, own: &Scope, ty: Type) -> Expr {
        let simple = Scope { outer: None, depth: 0, ..own.clone() };
        let of = |g: &mut Self, ty| g.column(&simple, ty).map(|column| Box::new(Expr::Column(column)));
        // The argument is a column of the query's own, which makes it an aggregate of this query. The
        // condition may hold subqueries.
        let whole = Scope { outer: None, ..own.clone() };
        let filter = |g: &mut Self| g.maybe(25, |g| Box::new(g.pred(&whole, 1)));
        let (function, argument) = match ty {
            Type::Int8 => {
                let any = self.pick(&[Type::Int4, Type::Int8, Type::Text, Type::Uuid, Type::Date]);
                match self.below(5) {
                    0 => (Function::CountStar, None),
                    1 => (Function::Count, of(self, any)),
                    2 => (Function::CountDistinct, of(self, any)),
                    3 => (Function::Sum, of(self, Type::Int4)),
                    _ => (self.pick(&[Function::Min, Function::Max]), of(self, Type::Int8)),
                }
            }
            // There is no smallest UUID in PostgreSQL 15.
            Type::Uuid => return self.constant(ty),
            ty => (self.pick(&[Function::Min, Function::Max]), of(self, ty)),
        };
        match (function, argument) {
            (_, Some(argument)) => {
                Expr::Aggregate(Aggregate { function, argument: Some(argument), filter: filter(self) })
            }
            (_, None) if ty == Type::Int8 => Expr::Aggregate(Aggregate {
                function: Function::CountStar,
                argument: None,
                filter: filter(self),
            }),
            _ => self.constant(ty),
        }
    }

    // Expressions

    fn column(&mut self, scope: &Scope, ty: Type) -> Option<Column> {
        let fitting: Vec<Column> = scope.columns().filter(|column| column.ty() == ty).collect();
        (!fitting.is_empty()).then(|| self.pick(&fitting))
    }

    fn expr(&mut self, scope: &Scope, ty: Type, height: u32) -> Expr {
        let column = self.column(scope, ty).map(Expr::Column);
        let leaf = match column {
            Some(column) if self.chance(75) => column,
            _ => self.constant(ty),
        };
        if height == 0 || self.chance(55) {
            return leaf;
        }
        match self.below(8) {
            0 if self.branch() => Expr::Case(
                Box::new(self.pred(scope, 1)),
                Box::new(self.expr(scope, ty, height - 1)),
                Box::new(self.expr(scope, ty, height - 1)),
            ),
            1 if scope.depth > 0 && self.branch() => {
                Expr::Scalar(Box::new(self.query(Some(scope), scope.depth - 1, Wanted::One(ty))))
            }
            _ => match ty {
                Type::Int4 if self.chance(40) => {
                    Expr::Length(Box::new(self.expr(scope, Type::Text, height - 1)))
                }
                Type::Int4 | Type::Int8 => {
                    let small = Value::Int(self.number(7) - 3);
                    let operator = self.pick(&[Arithmetic::Add, Arithmetic::Subtract, Arithmetic::Multiply]);
                    Expr::Arithmetic(operator, Box::new(leaf), Box::new(Expr::Constant(ty, small)))
                }
                Type::Text if self.chance(50) => Expr::Lower(Box::new(self.expr(scope, ty, height - 1))),
                Type::Text => Expr::Concat(Box::new(leaf), Box::new(self.expr(scope, ty, height - 1))),
                Type::Uuid | Type::Date => leaf,
            },
        }
    }

    fn constant(&mut self, ty: Type) -> Expr {
        let value = if self.chance(4) { Value::Null } else { self.some_value(ty) };
        Expr::Constant(ty, value)
    }

    fn some_value(&mut self, ty: Type) -> Value {
        match ty {
            Type::Int4 => Value::Int(self.pick(&YEARS) + self.number(3) - 1),
            Type::Int8 => Value::Int(self.number(7) * 100),
            Type::Text => match self.below(4) {
                0 => text(MAKES[self.below(MAKES.len())].0),
                1 => text(MODELS[self.below(MODELS.len())]),
                2 => text(WORK[self.below(WORK.len())]),
                _ => self.plate(),
            },
            Type::Uuid => match self.below(4) {
                // Of any tenant, also of those whose rows must not be seen.
                0 => Value::Uuid(tenant(self.below(TENANTS))),
                1 => id(RECORDS + self.below(14) as u64),
                _ => self.vehicle(),
            },
            Type::Date => Value::Date(day(self.below(4) as u64)),
        }
    }

    fn vehicle(&mut self) -> Value {
        id(1 + self.below(usize::try_from(VEHICLES).expect("a small number")) as u64)
    }

    fn plate(&mut self) -> Value {
        text(&format!("P{}", self.below(11)))
    }

    fn key(&mut self, table: Table) -> Value {
        match table {
            Table::Makes => text(MAKES[self.below(MAKES.len())].0),
            Table::Vehicles => self.vehicle(),
            Table::Records => id(RECORDS + self.below(14) as u64),
        }
    }

    // Conditions

    fn comparison(&mut self) -> Comparison {
        self.pick(&[
            Comparison::Equal,
            Comparison::Equal,
            Comparison::NotEqual,
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
            Comparison::Distinct,
            Comparison::NotDistinct,
        ])
    }

    /// What relates the last table to another one: keys that all tenants have.
    fn related(&mut self, scope: &Scope) -> Pred {
        let (inner, rest) = match scope.outer {
            Some(outer) => (outer, &scope.own[..]),
            None => (scope.own[scope.own.len() - 1], &scope.own[..scope.own.len() - 1]),
        };
        let other = self.pick(rest);
        let key = |source: Source| match source.table() {
            Table::Records => source.column(2),
            _ => source.key(),
        };
        let (left, right) = match (inner.table(), other.table()) {
            (Table::Makes, Table::Vehicles) => (inner.key(), other.column(2)),
            (Table::Vehicles, Table::Makes) => (inner.column(2), other.key()),
            (Table::Vehicles, Table::Vehicles) => {
                let column = self.pick(&[2, 3, 4]);
                (inner.column(column), other.column(column))
            }
            // Which relates nothing, and must not hurt.
            (Table::Makes, _) => (inner.columns().last().expect("columns"), other.column(3)),
            _ => (key(inner), key(other)),
        };
        if left.ty() != right.ty() {
            return Pred::IsNull { negated: true, value: Expr::Column(left) };
        }
        Pred::Compare(Comparison::Equal, Expr::Column(left), Expr::Column(right))
    }

    fn pred(&mut self, scope: &Scope, height: u32) -> Pred {
        if height > 0 && self.chance(45) {
            let inner = |g: &mut Self| Box::new(g.pred(scope, height - 1));
            return match self.below(5) {
                0..=2 => Pred::Or(inner(self), inner(self)),
                3 => Pred::And(inner(self), inner(self)),
                _ => Pred::Not(inner(self)),
            };
        }
        let negated = self.chance(40);
        if scope.depth > 0 && self.chance(20) && self.branch() {
            return self.about_subquery(scope, negated);
        }
        let ty =
            self.pick(&[Type::Int4, Type::Int8, Type::Text, Type::Text, Type::Uuid, Type::Uuid, Type::Date]);
        let value = self.expr(scope, ty, 1);
        match self.below(8) {
            0 => Pred::Between { negated, value, low: self.constant(ty), high: self.expr(scope, ty, 1) },
            1 => Pred::IsNull { negated, value },
            2..=3 if ty == Type::Text => {
                let patterns = ["%i%", "P_", "C%c", "%\\_2", "100\\%", "%", "_", "%'%", "%\\\\%", ""];
                Pred::Like { negated, any_case: self.chance(40), value, pattern: self.pick(&patterns).into() }
            }
            4 => Pred::AnyOf { value, ty, list: self.many(3, |g| g.some_value(ty)) },
            _ => Pred::Compare(self.comparison(), value, self.expr(scope, ty, 1)),
        }
    }

    fn about_subquery(&mut self, scope: &Scope, negated: bool) -> Pred {
        let depth = scope.depth - 1;
        let whole = self.chance(15);
        if self.chance(45) {
            let rows = if whole {
                self.combination(depth)
            } else {
                Rows::One(Box::new(self.query(Some(scope), depth, Wanted::Whatever)))
            };
            let exists = Pred::Exists(rows);
            return if negated { Pred::Not(Box::new(exists)) } else { exists };
        }
        let ty = self.pick(&[Type::Text, Type::Uuid, Type::Int4]);
        let rows = if whole {
            self.combined(&[ty], depth, 1)
        } else {
            Rows::One(Box::new(self.query(Some(scope), depth, Wanted::Types(&[ty]))))
        };
        Pred::In { negated, value: self.expr(scope, ty, 0), rows }
    }

    // Writing

    fn returning(&mut self, table: Table) -> Returning {
        match self.below(3) {
            0 => Returning::Count,
            1 => Returning::Model,
            _ => {
                let scope = Scope::of(vec![table.source()]);
                let types = self.types();
                Returning::Items(types.iter().map(|&ty| self.expr(&scope, ty, 2)).collect())
            }
        }
    }

    fn update(&mut self) -> Update {
        let table = self.pick(&[Table::Vehicles, Table::Vehicles, Table::Records]);
        let scope = Scope::of(vec![table.source()]);
        Update {
            table,
            find: self.maybe(35, |g| g.key(table)),
            filters: self.many(2, |g| g.pred(&scope, 2)),
            set: self.changes(&scope),
            returning: self.returning(table),
        }
    }

    fn changes(&mut self, scope: &Scope) -> Changes {
        let table = scope.own[0].table();
        if table == Table::Vehicles && self.chance(25) {
            let row = self.new_row(table);
            let columns: Vec<usize> = (2..6).filter(|_| self.chance(30)).collect();
            return Changes::Struct(
                columns.iter().map(|&column| (column, row[column - 1].clone())).collect(),
            );
        }
        let pairs = if table == Table::Vehicles { [[2, 4], [3, 5]] } else { [[2, 5], [3, 4]] };
        let columns = if self.chance(30) { self.pick(&pairs).to_vec() } else { vec![2 + self.below(4)] };
        Changes::Inline(columns.iter().map(|&column| (column, self.assigned(scope, column))).collect())
    }

    fn assigned(&mut self, scope: &Scope, column: usize) -> Expr {
        let own = scope.own[0];
        let column = own.column(column);
        match (own.table(), column.index) {
            // Keys: mostly what exists.
            (Table::Vehicles, 2) if self.chance(80) => {
                Expr::Constant(Type::Text, text(MAKES[self.below(MAKES.len())].0))
            }
            (Table::Records, 2) if self.chance(80) => Expr::Constant(Type::Uuid, self.vehicle()),
            // Unique: nothing that would depend on which row comes first.
            (Table::Vehicles, 5) => match self.below(4) {
                0 => Expr::Constant(Type::Text, self.plate()),
                1 => Expr::Lower(Box::new(Expr::Column(column))),
                _ => Expr::Concat(
                    Box::new(Expr::Column(column)),
                    Box::new(Expr::Constant(Type::Text, text("~"))),
                ),
            },
            _ => self.expr(scope, column.ty(), 2),
        }
    }

    fn insert(&mut self) -> Insert {
        let table = self.pick(&[Table::Vehicles, Table::Vehicles, Table::Records]);
        let source = match self.below(10) {
            0..=3 => NewRows::Tuples(self.many(4, |g| g.new_row(table))),
            4..=5 => NewRows::Tuple(self.new_row(table)),
            6..=7 => NewRows::Structs(self.many(3, |g| g.new_row(table))),
            8 if self.chance(20) => NewRows::Defaults,
            _ => {
                let (copies, first) = (1 + self.below(2), self.below(2));
                NewRows::Query((first..first + copies).map(|n| self.copied(table, n)).collect())
            }
        };
        let queried = matches!(source, NewRows::Query(_));
        let target = match table {
            Table::Vehicles => self.pick(&[Target::Id, Target::Plate, Target::PlateConstraint]),
            _ => Target::Id,
        };
        let conflict = match self.below(6) {
            0..=1 => Conflict::Fails,
            2 => Conflict::DoNothing,
            3 => Conflict::TargetDoNothing(target),
            // Rows of a query come in no certain order, in which an update might depend on it.
            _ if queried => Conflict::DoNothing,
            _ => {
                let new = if table == Table::Vehicles { Source::NewVehicle } else { Source::NewRecord };
                let scope = Scope::of(vec![table.source(), new]);
                Conflict::DoUpdate {
                    target,
                    set: self.changes(&scope),
                    filters: self.many(2, |g| g.pred(&scope, 2)),
                }
            }
        };
        Insert { table, source, conflict, returning: self.returning(table) }
    }

    fn copied(&mut self, table: Table, number: usize) -> Copied {
        let source = table.source();
        let scope = Scope::of(vec![source]);
        let filters = self.many(2, |g| g.pred(&scope, 2));
        let items = match table {
            Table::Vehicles => vec![
                Expr::Column(source.column(2)),
                self.expr(&scope, Type::Text, 2),
                Expr::Column(source.column(4)),
                // Another suffix in each query, so that no two rows of the insert are in each other's way.
                Expr::Concat(
                    Box::new(Expr::Column(source.column(5))),
                    Box::new(Expr::Constant(Type::Text, text(&"0".repeat(number)))),
                ),
            ],
            _ => vec![
                Expr::Column(source.column(2)),
                self.expr(&scope, Type::Text, 2),
                Expr::Arithmetic(
                    Arithmetic::Add,
                    Box::new(Expr::Column(source.column(4))),
                    Box::new(Expr::Constant(Type::Int8, Value::Int(1))),
                ),
                self.expr(&scope, Type::Date, 2),
            ],
        };
        Copied { filters, items }
    }

    /// All columns but the tenant's; some of the values exist, some clash, some are wrong.
    fn new_row(&mut self, table: Table) -> Row {
        match table {
            Table::Records => vec![
                id(RECORDS + self.below(20) as u64),
                self.vehicle(),
                text(WORK[self.below(WORK.len())]),
                Value::Int(if self.chance(5) { -1 } else { self.number(9) * 50 }),
                Value::Date(day(self.below(5) as u64)),
            ],
            _ => vec![
                id(1 + self.below(14) as u64),
                if self.chance(5) { text("Lada") } else { text(MAKES[self.below(MAKES.len())].0) },
                text(MODELS[self.below(MODELS.len())]),
                Value::Int(if self.chance(5) { 1800 } else { self.pick(&YEARS) }),
                text(&format!("P{}", self.below(16))),
            ],
        }
    }
}

/// What a query is to give.
enum Wanted<'w> {
    Whatever,
    /// Columns of these types.
    Types(&'w [Type]),
    /// One value in at most one row.
    One(Type),
}

const SHAPES: [(Table, &[Source]); 15] = [
    (Table::Makes, &[]),
    (Table::Vehicles, &[]),
    (Table::Vehicles, &[]),
    (Table::Records, &[]),
    (Table::Records, &[]),
    (Table::Makes, &[Source::Vehicles]),
    (Table::Vehicles, &[Source::Records]),
    (Table::Vehicles, &[Source::Records]),
    (Table::Vehicles, &[Source::Makes]),
    (Table::Vehicles, &[Source::Others]),
    (Table::Records, &[Source::Vehicles]),
    (Table::Records, &[Source::Vehicles]),
    (Table::Records, &[Source::Vehicles, Source::Makes]),
    (Table::Records, &[Source::Vehicles, Source::Others]),
    (Table::Vehicles, &[Source::Records, Source::Makes]),
];

/// Queries inside another one, with the table of the other that they refer to.
const CORRELATED: [(Table, &[Source], Source); 7] = [
    (Table::Records, &[], Source::Vehicles),
    (Table::Records, &[], Source::Others),
    (Table::Vehicles, &[], Source::Records),
    (Table::Vehicles, &[], Source::Makes),
    (Table::Vehicles, &[], Source::Others),
    (Table::Makes, &[], Source::Vehicles),
    (Table::Records, &[Source::Vehicles], Source::Others),
];

/// Rows can be locked under anything but aggregates and windows.
fn is_lockable(item: &Expr) -> bool {
    !matches!(item, Expr::Aggregate(_) | Expr::RowNumber { .. } | Expr::CountOver { .. })
}
