//! Inserts, updates and deletes: what they have in common, and how they run.

use std::fmt;

use diesel::expression_methods::EqAll;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use futures_util::future::BoxFuture;

use super::clauses::walk_conditions;
use super::label::Label;
use super::row::{Loads, RowOf};
use super::statement::sql;
use crate::conn::TenantConn;
use crate::error::Error;
use crate::fragment::Fragment;
use crate::model::{Guard, Model, ScopedTable};
use crate::scope::{Brand, Predicate, Scoped, Selection};
use crate::tenant_bind::TenantBind;

/// An insert, update or delete of rows of one tenant; `Op` says which.
///
/// [`execute`](Self::execute) tells how many rows were written; [`get_result`](Self::get_result)
/// and [`get_results`](Self::get_results) give the rows themselves, as `M` until
/// [`returning`](Self::returning) chooses otherwise.
#[must_use = "a statement does nothing until it is executed"]
pub struct Write<'t, 'q, M: Model, Op, ST = RowOf<M>> {
    pub(super) clauses: WriteClauses<'q>,
    pub(super) _types: Brand<'t, (M, Op, ST)>,
}

/// The clauses of an insert, update or delete. It knows no scope: [`Write`] does.
pub(super) struct WriteClauses<'q> {
    /// As the next guard gives it.
    pub(super) tenant: TenantBind,
    pub(super) head: Box<dyn Head + 'q>,
    /// Which existing rows it is about; begins with the guard of the table. None for an insert that
    /// changes no existing row, in which a WHERE has no place.
    pub(super) filters: Option<Vec<Fragment<'q>>>,
    /// What an insert does about rows that exist already.
    pub(super) on_conflict: Option<Fragment<'q>>,
    /// There is nothing to insert, which SQL cannot say.
    pub(super) empty: bool,
    /// There is nothing to change, which SQL cannot say either: the rows of this table are read as they are.
    pub(super) unchanged: Option<Fragment<'static>>,
    pub(super) returning: Fragment<'q>,
}

/// A statement up to its WHERE.
///
/// An insert of more values than the protocol counts takes several statements: its parts, which run one
/// after the other in one transaction.
pub(super) trait Head: Send + Sync {
    fn parts(&self) -> usize {
        1
    }

    /// Whether the SQL is the same for other values, so that it is worth being kept prepared.
    fn is_one_text(&self) -> bool {
        true
    }

    fn walk_part<'b>(&'b self, part: usize, out: AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

/// An insert, from [`InsertInto::values`](crate::InsertInto::values).
pub type Insert<'t, 'q, M, ST = RowOf<M>> = Write<'t, 'q, M, Inserted, ST>;

/// An update that waits for its changes, from [`TenantConn::update`].
pub type Update<'t, 'q, M> = Write<'t, 'q, M, Unset>;

/// A delete, from [`TenantConn::delete`].
pub type Delete<'t, 'q, M, ST = RowOf<M>> = Write<'t, 'q, M, Deleted, ST>;

/// Rows are inserted.
#[derive(Debug)]
pub struct Inserted;

/// Rows are inserted, or updated if they exist.
#[derive(Debug)]
pub struct Upserted;

/// Rows are updated.
#[derive(Debug)]
pub struct Updated;

/// Rows are to be updated, and it has not been said how.
#[derive(Debug)]
pub struct Unset;

/// Rows are deleted.
#[derive(Debug)]
pub struct Deleted;

/// A statement that says all it has to say.
#[diagnostic::on_unimplemented(
    message = "this update does not say what to change",
    label = "no `.set(..)` yet",
    note = "write `.set(column.eq(value))`, a tuple of these, or a struct that derives `AsChangeset` and `TenantChangeset`"
)]
pub trait Complete {
    /// What SQL calls it.
    #[doc(hidden)]
    const OPERATION: &'static str;
}

impl Complete for Inserted {
    const OPERATION: &'static str = "INSERT";
}
impl Complete for Upserted {
    const OPERATION: &'static str = "INSERT";
}
impl Complete for Updated {
    const OPERATION: &'static str = "UPDATE";
}
impl Complete for Deleted {
    const OPERATION: &'static str = "DELETE";
}

/// A statement about rows that exist, and that conditions choose from.
#[diagnostic::on_unimplemented(
    message = "an insert has no rows to choose from",
    label = "`filter` and `find` are for updates and deletes"
)]
pub trait Narrows {}

impl Narrows for Upserted {}
impl Narrows for Unset {}
impl Narrows for Updated {}
impl Narrows for Deleted {}

impl<'t, 'q, M: Model, Op> Write<'t, 'q, M, Op> {
    /// The statement without WHERE, about all rows of the tenant.
    pub(super) fn new(tenant: TenantBind, head: impl Head + 'q) -> Self {
        let clauses = WriteClauses {
            tenant,
            head: Box::new(head),
            filters: None,
            on_conflict: None,
            empty: false,
            unchanged: None,
            returning: M::selection(),
        };
        Self { clauses, _types: Brand::new() }
    }

    pub(super) fn guarded(mut self) -> Self {
        let guard = Guard::of(&M::Table::table(), &mut self.clauses.tenant);
        self.clauses.filters = Some(guard.into_iter().map(Fragment::new).collect());
        self
    }
}

impl<'t, 'q, M: Model, Op, ST> Write<'t, 'q, M, Op, ST> {
    /// Keeps to the rows for which the condition is true; several filters are joined by AND.
    pub fn filter<P>(mut self, predicate: P) -> Self
    where
        Op: Narrows,
        P: Scoped<'t, M::Table> + Predicate<'q>,
    {
        if let Some(filters) = &mut self.clauses.filters {
            filters.push(Fragment::new(predicate));
        }
        self
    }

    /// Keeps to the row with this key: the primary key without the tenant column.
    pub fn find<K>(self, key: K) -> Self
    where
        Op: Narrows,
        M::Key: EqAll<K>,
        <M::Key as EqAll<K>>::Output: Scoped<'t, M::Table> + Predicate<'q>,
    {
        self.filter(M::Key::default().eq_all(key))
    }

    /// Chooses what is returned of each row: a column, an expression, a tuple of these, or
    /// `Row::as_returning()`.
    pub fn returning<E>(mut self, selection: E) -> Write<'t, 'q, M, Op, E::SqlType>
    where
        E: Scoped<'t, M::Table> + Selection<'q, M::Table, ()>,
    {
        self.clauses.returning = Fragment::new(selection);
        self.retyped()
    }

    /// Runs the statement and tells how many rows it wrote.
    ///
    /// # Errors
    ///
    /// [`Error::Unique`], [`Error::ForeignKey`], [`Error::Check`] and the other faults of a
    /// statement. Zero rows are no error.
    pub fn execute<'c>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<usize, Error>>
    where
        Op: Complete,
    {
        db.execute(Label::of::<M>(Op::OPERATION), &self.clauses.parts(false))
    }

    /// Runs the statement and gives the row it wrote, the first if there are several.
    ///
    /// # Errors
    ///
    /// As for [`execute`](Self::execute); [`Error::NotFound`] if no row was written.
    pub fn get_result<'c, U>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<U, Error>>
    where
        Op: Complete,
        ST: Loads<U>,
        U: Send + 'static,
    {
        db.get_result::<ST, U>(Label::of::<M>(Op::OPERATION), &self.clauses.parts(true))
    }

    /// Runs the statement and gives the rows it wrote.
    ///
    /// # Errors
    ///
    /// As for [`execute`](Self::execute).
    pub fn get_results<'c, U>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<Vec<U>, Error>>
    where
        Op: Complete,
        ST: Loads<U>,
        U: Send + 'static,
    {
        db.load::<ST, U>(Label::of::<M>(Op::OPERATION), &self.clauses.parts(true))
    }

    pub(super) fn retyped<Op2, ST2>(self) -> Write<'t, 'q, M, Op2, ST2> {
        Write { clauses: self.clauses, _types: Brand::new() }
    }
}

impl<'q> WriteClauses<'q> {
    fn parts(&self, returns: bool) -> Vec<Part<'_, 'q>> {
        let parts = if self.empty { 0 } else { self.head.parts() };
        (0..parts).map(|part| Part { clauses: self, part, returns }).collect()
    }

    fn walk<'b>(&'b self, part: usize, returns: bool, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if let Some(table) = &self.unchanged {
            return self.walk_unchanged(table, returns, out);
        }
        self.head.walk_part(part, out.reborrow())?;
        self.on_conflict.walk_ast(out.reborrow())?;
        walk_conditions(" WHERE ", self.filters.as_deref().unwrap_or_default(), out.reborrow())?;
        if returns {
            out.push_sql(" RETURNING ");
            self.returning.walk_ast(out)?;
        }
        Ok(())
    }

    fn walk_unchanged<'b>(
        &'b self,
        table: &'b Fragment<'static>,
        returns: bool,
        mut out: AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        out.push_sql("SELECT ");
        if returns {
            self.returning.walk_ast(out.reborrow())?
        } else {
            out.push_sql("1")
        }
        out.push_sql(" FROM ");
        table.walk_ast(out.reborrow())?;
        walk_conditions(" WHERE ", self.filters.as_deref().unwrap_or_default(), out)
    }

    /// diesel keeps no update and no insert of a struct prepared, as fields that are `None` change
    /// their SQL. A program has a few such texts; a round trip for each statement costs more.
    fn is_kept_prepared(&self) -> QueryResult<bool> {
        let others = self.filters.iter().flatten().chain([&self.returning]);
        let kept = |kept, other: &Fragment<'q>| Ok(kept && other.is_safe_to_cache_prepared(&Pg)?);
        others.into_iter().try_fold(self.head.is_one_text(), kept)
    }
}

/// A part of the statement, which mostly is all of it.
struct Part<'a, 'q> {
    clauses: &'a WriteClauses<'q>,
    part: usize,
    /// Whether it has RETURNING.
    returns: bool,
}

impl QueryFragment<Pg> for Part<'_, '_> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.clauses.walk(self.part, self.returns, out)
    }

    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        self.clauses.is_kept_prepared()
    }
}

/// The first part of the statement.
impl<M: Model, Op, ST> QueryFragment<Pg> for Write<'_, '_, M, Op, ST> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.clauses.walk(0, true, out)
    }
}

impl<M: Model, Op, ST> fmt::Debug for Write<'_, '_, M, Op, ST> {
    /// The SQL, without the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sql(self))
    }
}
