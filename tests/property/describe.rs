//! What a statement says, apart from who builds it, runs it or computes it.
//!
//! The one source of everything: crow's statement is built from it, and so is the expected result.

use std::fmt;

use crate::value::{Row, Type, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Makes,
    Vehicles,
    Records,
}

impl Table {
    pub(crate) fn columns(self) -> &'static [(&'static str, Type)] {
        match self {
            Self::Makes => &[("name", Type::Text), ("country", Type::Text)],
            Self::Vehicles => &[
                ("tenant_id", Type::Uuid),
                ("id", Type::Uuid),
                ("make", Type::Text),
                ("model", Type::Text),
                ("year", Type::Int4),
                ("plate", Type::Text),
            ],
            Self::Records => &[
                ("tenant_id", Type::Uuid),
                ("id", Type::Uuid),
                ("vehicle_id", Type::Uuid),
                ("work", Type::Text),
                ("cents", Type::Int8),
                ("done_on", Type::Date),
            ],
        }
    }

    /// The columns of the model, which is what a query gives that selects nothing.
    pub(crate) fn model(self) -> std::ops::Range<usize> {
        match self {
            Self::Makes => 0..2,
            Self::Vehicles | Self::Records => 1..6,
        }
    }

    pub(crate) fn key(self) -> usize {
        self.model().start
    }

    pub(crate) fn source(self) -> Source {
        match self {
            Self::Makes => Source::Makes,
            Self::Vehicles => Source::Vehicles,
            Self::Records => Source::Records,
        }
    }
}

/// What a column belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Makes,
    Vehicles,
    Records,
    /// Vehicles once more, by an alias.
    Others,
    /// The vehicle that was to be inserted, in an upsert.
    NewVehicle,
    /// The record that was to be inserted, in an upsert.
    NewRecord,
}

impl Source {
    pub(crate) fn table(self) -> Table {
        match self {
            Self::Makes => Table::Makes,
            Self::Vehicles | Self::Others | Self::NewVehicle => Table::Vehicles,
            Self::Records | Self::NewRecord => Table::Records,
        }
    }

    pub(crate) fn column(self, index: usize) -> Column {
        Column { source: self, index }
    }

    pub(crate) fn key(self) -> Column {
        self.column(self.table().key())
    }

    pub(crate) fn columns(self) -> impl Iterator<Item = Column> {
        (0..self.table().columns().len()).map(move |index| self.column(index))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) source: Source,
    pub(crate) index: usize,
}

impl Column {
    pub(crate) fn ty(self) -> Type {
        self.source.table().columns()[self.index].1
    }
}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}.{}", self.source, self.source.table().columns()[self.index].0)
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Expr {
    Column(Column),
    Constant(Type, Value),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Lower(Box<Expr>),
    Length(Box<Expr>),
    Concat(Box<Expr>, Box<Expr>),
    Case(Box<Pred>, Box<Expr>, Box<Expr>),
    /// The one value that a query gives.
    Scalar(Box<Query>),
    Aggregate(Aggregate),
    /// The number of the row in its partition, in an order that leaves no doubt.
    RowNumber {
        partition: Column,
        order: Vec<Key>,
    },
    /// How many rows of the partition have a value here.
    CountOver {
        argument: Column,
        partition: Column,
    },
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
}

#[derive(Debug, Clone)]
pub(crate) struct Aggregate {
    pub(crate) function: Function,
    pub(crate) argument: Option<Box<Expr>>,
    pub(crate) filter: Option<Box<Pred>>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Function {
    CountStar,
    Count,
    CountDistinct,
    Min,
    Max,
    Sum,
}

#[derive(Debug, Clone)]
pub(crate) enum Pred {
    Compare(Comparison, Expr, Expr),
    Between { negated: bool, value: Expr, low: Expr, high: Expr },
    IsNull { negated: bool, value: Expr },
    Like { negated: bool, any_case: bool, value: Expr, pattern: String },
    AnyOf { value: Expr, ty: Type, list: Vec<Value> },
    And(Box<Pred>, Box<Pred>),
    Or(Box<Pred>, Box<Pred>),
    Not(Box<Pred>),
    Exists(Rows),
    In { negated: bool, value: Expr, rows: Rows },
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Distinct,
    NotDistinct,
}

#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) base: Table,
    pub(crate) joins: Vec<Join>,
    /// A table of the query around this one.
    pub(crate) outer: Option<Source>,
    pub(crate) find: Option<Value>,
    pub(crate) filters: Vec<Pred>,
    pub(crate) group: Vec<Column>,
    pub(crate) having: Option<Pred>,
    /// `None` gives rows of the model.
    pub(crate) items: Option<Vec<Expr>>,
    pub(crate) distinct: Distinct,
    /// Leaves no doubt, if there is any.
    pub(crate) order: Vec<Key>,
    pub(crate) limit: Option<i64>,
    pub(crate) offset: Option<i64>,
}

impl Query {
    pub(crate) fn sources(&self) -> impl Iterator<Item = Source> {
        std::iter::once(self.base.source()).chain(self.joins.iter().map(|join| join.source))
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Join {
    pub(crate) source: Source,
    pub(crate) left: bool,
    /// `None` is along the foreign key.
    pub(crate) on: Option<Pred>,
}

#[derive(Debug, Clone)]
pub(crate) enum Distinct {
    No,
    Rows,
    On(Vec<Column>),
}

#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) expr: Expr,
    pub(crate) descending: bool,
    pub(crate) nulls_first: Option<bool>,
}

/// A query, or a combination of queries.
#[derive(Debug, Clone)]
pub(crate) enum Rows {
    One(Box<Query>),
    Both {
        left: Box<Rows>,
        set: SetOperation,
        right: Box<Rows>,
        /// Numbers of columns, from 1, and whether descending.
        order: Vec<(u32, bool)>,
        limit: Option<i64>,
        offset: Option<i64>,
    },
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum SetOperation {
    Union,
    UnionAll,
    Intersect,
    IntersectAll,
    Except,
    ExceptAll,
}

#[derive(Debug, Clone)]
pub(crate) enum Statement {
    Read(Rows, Mode),
    Insert(Insert),
    Update(Update),
    Delete(Delete),
}

impl Statement {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Read(Rows::One(_), _) => "select",
            Self::Read(..) => "combination",
            Self::Insert(_) => "insert",
            Self::Update(_) => "update",
            Self::Delete(_) => "delete",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Load,
    First,
    Count,
    Exists,
    Lock(Strength, Wait),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strength {
    Update,
    NoKeyUpdate,
    Share,
    KeyShare,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    Queue,
    Skip,
    Fail,
}

#[derive(Debug, Clone)]
pub(crate) struct Insert {
    /// Vehicles or records.
    pub(crate) table: Table,
    pub(crate) source: NewRows,
    pub(crate) conflict: Conflict,
    pub(crate) returning: Returning,
}

#[derive(Debug, Clone)]
pub(crate) enum NewRows {
    /// Tuples of assignments to all columns but the tenant's, id first.
    Tuples(Vec<Row>),
    /// One such tuple, not in a list.
    Tuple(Row),
    /// Structs, whose id is left to the database.
    Structs(Vec<Row>),
    /// Nothing but defaults.
    Defaults,
    /// A query over the same table, or two of them united: the columns from the third on.
    Query(Vec<Copied>),
}

/// Rows of a table, with expressions for the columns from the third on.
#[derive(Debug, Clone)]
pub(crate) struct Copied {
    pub(crate) filters: Vec<Pred>,
    pub(crate) items: Vec<Expr>,
}

#[derive(Debug, Clone)]
pub(crate) enum Conflict {
    Fails,
    DoNothing,
    TargetDoNothing(Target),
    DoUpdate { target: Target, set: Changes, filters: Vec<Pred> },
}

/// The unique key that is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    Id,
    /// Vehicles only.
    Plate,
    /// Vehicles only.
    PlateConstraint,
}

impl Target {
    pub(crate) fn column(self) -> usize {
        if matches!(self, Self::Id) { 1 } else { 5 }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Update {
    pub(crate) table: Table,
    pub(crate) find: Option<Value>,
    pub(crate) filters: Vec<Pred>,
    pub(crate) set: Changes,
    pub(crate) returning: Returning,
}

#[derive(Debug, Clone)]
pub(crate) enum Changes {
    /// One or two columns, from the third on.
    Inline(Vec<(usize, Expr)>),
    /// A struct of a vehicle's changes; columns that are not named stay.
    Struct(Vec<(usize, Value)>),
}

#[derive(Debug, Clone)]
pub(crate) struct Delete {
    pub(crate) table: Table,
    pub(crate) find: Option<Value>,
    pub(crate) filters: Vec<Pred>,
    pub(crate) returning: Returning,
}

#[derive(Debug, Clone)]
pub(crate) enum Returning {
    Count,
    Model,
    Items(Vec<Expr>),
}

/// A statement and the tenant who runs it.
#[derive(Clone)]
pub(crate) struct Case {
    /// Which of the tenants of the test.
    pub(crate) tenant: usize,
    pub(crate) statement: Statement,
}

impl fmt::Debug for Case {
    /// On one line, also where many are asked for: it stands beside the SQL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("tenant {}: {:?}", self.tenant, self.statement))
    }
}
