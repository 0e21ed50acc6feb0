//! Inserts of rows that may exist already.

use std::marker::PhantomData;

use diesel::expression::{AppearsOnTable, Expression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_source::{AppearsInFromClause, Column, Once};
use diesel::result::QueryResult;

use super::assign::{ColumnsOf, Sets};
use super::clauses::walk_conditions;
use super::write::{Insert, Upserted, Write};
use crate::fragment::Fragment;
use crate::model::{TenantColumn, TenantModel, TenantTable};
use crate::scope::{Predicate, Scoped};

impl<'t, 'q, M: TenantModel> Insert<'t, 'q, M> {
    /// Leaves out rows that would break any unique key.
    pub fn on_conflict_do_nothing(self) -> Self {
        self.on(Conflict { target: None, filters: Vec::new(), changes: None })
    }

    fn on(mut self, conflict: Conflict<'q>) -> Self {
        self.clauses.on_conflict = Some(Fragment::new(conflict));
        self
    }

    /// Says which unique key to look at, by its columns without `tenant_id`, which leads it always.
    pub fn on_conflict<Cols, K>(self, columns: Cols) -> OnConflict<'t, 'q, M>
    where
        Cols: ColumnsOf<M::Table, K> + Send + Sync + 'q,
        K: 'q,
    {
        let target = Columns::<M::Table, K, _> { columns, _table: PhantomData };
        OnConflict { insert: self, target: Fragment::new(target), filters: Vec::new() }
    }

    /// Says which constraint to look at, by its name.
    pub fn on_constraint(self, name: &'q str) -> OnConflict<'t, 'q, M> {
        OnConflict { insert: self, target: Fragment::new(Constraint(name)), filters: Vec::new() }
    }
}

/// An insert that says which rows may exist already, and not yet what to do then.
#[must_use = "say what to do about a row that exists: `do_nothing()`, or `do_update().set(..)`"]
pub struct OnConflict<'t, 'q, M: TenantModel> {
    insert: Insert<'t, 'q, M>,
    target: Fragment<'q>,
    filters: Vec<Fragment<'q>>,
}

impl<'t, 'q, M: TenantModel> OnConflict<'t, 'q, M> {
    /// The condition of the partial unique index to look at.
    pub fn filter_target<P>(mut self, predicate: P) -> Self
    where
        P: Scoped<'t, M::Table> + Predicate<'q>,
    {
        self.filters.push(Fragment::new(predicate));
        self
    }

    /// Leaves rows out that exist already.
    pub fn do_nothing(self) -> Insert<'t, 'q, M> {
        let Self { insert, target, filters } = self;
        insert.on(Conflict { target: Some(target), filters, changes: None })
    }

    /// Changes rows that exist already; `set` says how.
    pub fn do_update(self) -> DoUpdate<'t, 'q, M> {
        DoUpdate(self)
    }
}

/// An insert that changes rows that exist already, and has not said how.
#[must_use = "say what to change: `set(..)`"]
pub struct DoUpdate<'t, 'q, M: TenantModel>(OnConflict<'t, 'q, M>);

impl<'t, 'q, M: TenantModel> DoUpdate<'t, 'q, M> {
    /// What to change in a row that exists: as in [`Update::set`](crate::Update::set), with the values
    /// that were to be inserted as [`excluded`]`(column)`. A `filter` after it chooses among the rows.
    ///
    /// A changeset in which every field is `None` leaves existing rows alone.
    pub fn set<V, K>(self, changes: V) -> Write<'t, 'q, M, Upserted>
    where
        V: Sets<'t, M::Table, K, Changeset: 'q>,
    {
        let Self(OnConflict { insert, target, filters }) = self;
        let changes = Fragment::new(changes.into_changeset());
        if changes.is_noop(&Pg).unwrap_or(false) {
            return insert.on(Conflict { target: Some(target), filters, changes: None }).retyped();
        }
        insert.on(Conflict { target: Some(target), filters, changes: Some(changes) }).retyped().guarded()
    }
}

/// `ON CONFLICT target DO NOTHING` or `ON CONFLICT target DO UPDATE SET changes`
struct Conflict<'q> {
    target: Option<Fragment<'q>>,
    filters: Vec<Fragment<'q>>,
    changes: Option<Fragment<'q>>,
}

impl QueryFragment<Pg> for Conflict<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(" ON CONFLICT");
        self.target.walk_ast(out.reborrow())?;
        walk_conditions(" WHERE ", &self.filters, out.reborrow())?;
        match &self.changes {
            Some(changes) => {
                out.push_sql(" DO UPDATE SET ");
                changes.walk_ast(out)
            }
            None => {
                out.push_sql(" DO NOTHING");
                Ok(())
            }
        }
    }
}

/// ` (tenant_id, …)`
struct Columns<T, K, Cols> {
    columns: Cols,
    _table: PhantomData<fn() -> (T, K)>,
}

impl<T: TenantTable, K, Cols: ColumnsOf<T, K>> QueryFragment<Pg> for Columns<T, K, Cols> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(" (");
        out.push_identifier(T::TenantColumn::NAME)?;
        self.columns.walk_names(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

/// ` ON CONSTRAINT name`
struct Constraint<'q>(&'q str);

impl QueryFragment<Pg> for Constraint<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(" ON CONSTRAINT ");
        out.push_identifier(self.0)
    }
}

/// The value of a column in the row that was to be inserted, in `on_conflict(..).do_update().set(..)`.
///
/// Takes the place of `diesel::upsert::excluded`, whose type cannot be checked.
pub fn excluded<C: Column>(column: C) -> Excluded<C> {
    Excluded(column)
}

/// What [`excluded`] returns.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct Excluded<C>(C);

impl<C: Column> Expression for Excluded<C> {
    type SqlType = C::SqlType;
}

impl<C, QS> AppearsOnTable<QS> for Excluded<C>
where
    C: Column,
    QS: AppearsInFromClause<C::Table, Count = Once>,
{
}

impl<C> ValidGrouping<()> for Excluded<C> {
    type IsAggregate = is_aggregate::No;
}

impl<C: Column> QueryFragment<Pg> for Excluded<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("excluded.");
        out.push_identifier(C::NAME)
    }
}
