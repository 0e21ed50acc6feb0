//! What may be written: every column but the tenant's, and only values of this scope.

use diesel::expression::{IsContainedInGroupBy, is_contained_in_group_by};
use diesel::insertable::{ColumnInsertValue, DefaultableColumnInsertValue, InsertValues, Insertable};
use diesel::pg::Pg;
use diesel::query_builder::{AsChangeset, AstPass, BatchInsert, NoFromClause, QueryFragment, ValuesClause};
use diesel::query_source::{Column, Table};
use diesel::result::QueryResult;

use crate::model::{self, TenantTable};
use crate::scope::Scoped;
use crate::seal::Seal;

/// A column of a tenant table that is not its `tenant_id`.
///
/// Read off what `table!` says about GROUP BY: in a table whose primary key has a second column,
/// grouping by `tenant_id` determines the column `C` exactly if `C` is `tenant_id`.
#[diagnostic::on_unimplemented(
    message = "`tenant_id` is never written by hand",
    label = "this assigns the tenant column",
    note = "leave `tenant_id` out: an insert fills it in, and a row never changes its tenant",
    note = "to move rows between tenants take an `AdminConn`: another role, a stated reason, a record"
)]
pub trait NotTheTenant<C> {
    #[doc(hidden)]
    fn __only_crow_implements_this(_: Seal);
}

#[diagnostic::do_not_recommend]
impl<C, T> NotTheTenant<C> for T
where
    T: IsContainedInGroupBy<C, Output = is_contained_in_group_by::No>,
{
    fn __only_crow_implements_this(_: Seal) {}
}

/// Assignments to columns of the tenant table `T`, with right-hand sides over `S`.
#[diagnostic::on_unimplemented(
    message = "these values cannot be written by a tenant scope",
    label = "not assignments to columns of `{T}`",
    note = "write a struct that derives `Insertable`, `column.eq(value)`, or a tuple or list of these"
)]
pub trait Assigns<'t, T, S> {
    #[doc(hidden)]
    fn __only_crow_implements_this(_: Seal);
}

impl<'t, T, S, C, E> Assigns<'t, T, S> for ColumnInsertValue<C, E>
where
    T: TenantTable<TenantColumn: NotTheTenant<C>>,
    C: Column<Table = T>,
    E: Scoped<'t, S>,
{
    fn __only_crow_implements_this(_: Seal) {}
}

impl<'t, T, S, V: Assigns<'t, T, S>> Assigns<'t, T, S> for DefaultableColumnInsertValue<V> {
    fn __only_crow_implements_this(_: Seal) {}
}

impl<T, C> ColumnsOf<T, Single> for C
where
    T: TenantTable<TenantColumn: NotTheTenant<C>>,
    C: Column<Table = T>,
{
    type SqlType = C::SqlType;

    fn __only_crow_implements_this(_: Seal) {}

    fn walk_names(&self, mut out: AstPass<'_, '_, Pg>) -> QueryResult<()> {
        out.push_sql(", ");
        out.push_identifier(C::NAME)
    }
}

macro_rules! assigns_in_tuples {
    () => {};
    ($first:ident $($rest:ident)*) => {
        impl<T, $first, $($rest),*> ColumnsOf<T, Several> for ($first, $($rest,)*)
        where
            $first: ColumnsOf<T, Single>,
            $($rest: ColumnsOf<T, Single>,)*
        {
            type SqlType = ($first::SqlType, $($rest::SqlType,)*);

            fn __only_crow_implements_this(_: Seal) {}

            #[allow(non_snake_case)]
            fn walk_names(&self, mut out: AstPass<'_, '_, Pg>) -> QueryResult<()> {
                let ($first, $($rest,)*) = self;
                $first.walk_names(out.reborrow())?;
                $($rest.walk_names(out.reborrow())?;)*
                Ok(())
            }
        }

        impl<'t, T, S, $first, $($rest),*> Assigns<'t, T, S> for ($first, $($rest,)*)
        where
            $first: Assigns<'t, T, S>,
            $($rest: Assigns<'t, T, S>,)*
        {
            fn __only_crow_implements_this(_: Seal) {}
        }
        assigns_in_tuples!($($rest)*);
    };
}

assigns_in_tuples!(
    C1 C2 C3 C4 C5 C6 C7 C8 C9 C10 C11 C12 C13 C14 C15 C16 C17 C18 C19 C20 C21 C22 C23 C24 C25 C26 C27 C28
    C29 C30 C31 C32 C33 C34 C35 C36 C37 C38 C39 C40 C41 C42 C43 C44 C45 C46 C47 C48 C49 C50 C51 C52 C53
    C54 C55 C56 C57 C58 C59 C60 C61 C62 C63 C64
);

/// The rows of an insert, one or a list, that assign nothing but columns of `T` in the scope `'t`.
#[diagnostic::on_unimplemented(
    message = "these values cannot be inserted by a tenant scope",
    label = "not rows of `{T}`",
    note = "write a struct that derives `Insertable`, `column.eq(value)`, or a tuple or list of these"
)]
pub trait RowSet<'t, T>: Rows<T> {}

/// What `values` takes, as far as diesel is concerned.
#[diagnostic::on_unimplemented(
    message = "these values cannot be inserted by a tenant scope",
    label = "not rows of `{T}`",
    note = "write a struct that derives `Insertable`, `column.eq(value)`, or a tuple or list of these"
)]
pub trait NewRows<T> {
    #[doc(hidden)]
    type Rows;
    #[doc(hidden)]
    fn into_rows(self) -> Self::Rows;
}

#[diagnostic::do_not_recommend]
impl<T, V: Insertable<T>> NewRows<T> for V {
    type Rows = V::Values;

    fn into_rows(self) -> V::Values {
        self.values()
    }
}

impl<'t, T, V> RowSet<'t, T> for ValuesClause<V, T>
where
    Self: Rows<T>,
    V: Assigns<'t, T, NoFromClause>,
{
}

impl<'t, T, V, Id, const STATIC: bool> RowSet<'t, T> for BatchInsert<Vec<ValuesClause<V, T>>, T, Id, STATIC>
where
    Self: Rows<T>,
    V: Assigns<'t, T, NoFromClause>,
{
}

/// How the rows of an insert are written: each name and each value with a comma before it.
pub trait Rows<T>: Send + Sync {
    #[doc(hidden)]
    fn __only_crow_implements_this(_: Seal);
    #[doc(hidden)]
    fn count(&self) -> usize;
    #[doc(hidden)]
    fn walk_columns(&self, out: AstPass<'_, '_, Pg>) -> QueryResult<()>;
    #[doc(hidden)]
    fn walk_row<'b>(&'b self, row: usize, out: AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

impl<T, V> Rows<T> for ValuesClause<V, T>
where
    T: Table + Send + Sync,
    V: InsertValues<Pg, T> + Send + Sync,
{
    fn __only_crow_implements_this(_: Seal) {}

    fn count(&self) -> usize {
        1
    }

    fn walk_columns(&self, mut out: AstPass<'_, '_, Pg>) -> QueryResult<()> {
        out.push_sql(", ");
        self.values.column_names(out)
    }

    fn walk_row<'b>(&'b self, _: usize, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(", ");
        self.values.walk_ast(out)
    }
}

impl<T, V, Id, const STATIC: bool> Rows<T> for BatchInsert<Vec<ValuesClause<V, T>>, T, Id, STATIC>
where
    T: Send + Sync,
    Id: Send + Sync,
    ValuesClause<V, T>: Rows<T>,
{
    fn __only_crow_implements_this(_: Seal) {}

    fn count(&self) -> usize {
        self.values.len()
    }

    fn walk_columns(&self, mut out: AstPass<'_, '_, Pg>) -> QueryResult<()> {
        self.values.first().map_or(Ok(()), |row| row.walk_columns(out.reborrow()))
    }

    fn walk_row<'b>(&'b self, row: usize, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.values[row].walk_row(0, out)
    }
}

/// Columns of the tenant table `T`, other than `tenant_id`: one, or a tuple.
///
/// `K` tells the two apart and is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of columns of this table that a tenant scope may write",
    label = "not columns of `{T}`, or `tenant_id` among them",
    note = "write a column such as `vehicles::make`, or a tuple of columns; `tenant_id` is never written by hand"
)]
pub trait ColumnsOf<T, K> {
    #[doc(hidden)]
    type SqlType;
    #[doc(hidden)]
    fn __only_crow_implements_this(_: Seal);
    #[doc(hidden)]
    fn walk_names(&self, out: AstPass<'_, '_, Pg>) -> QueryResult<()>;
}

/// One column.
#[derive(Debug)]
pub struct Single;

/// A tuple of columns.
#[derive(Debug)]
pub struct Several;

/// What `set` takes: `column.eq(expression)`, a tuple of these, or a struct that derives
/// `AsChangeset` and `TenantChangeset`.
///
/// `K` tells the two apart and is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be set by a tenant scope",
    label = "not checked to leave `tenant_id` alone",
    note = "write `#[derive(AsChangeset, TenantChangeset)]` on the struct, or set `column.eq(value)` or a tuple of these",
    note = "a struct stands alone: what is set beside it becomes a field of it",
    note = "`tenant_id` is never written by hand: a row never changes its tenant"
)]
pub trait Changes<'t, T, K> {
    #[doc(hidden)]
    fn __only_the_derive_implements_this(_: model::Derived);
}

/// Assignments written in place.
#[derive(Debug)]
pub struct Inline;

/// Assignments of a struct that derives `TenantChangeset`.
#[derive(Debug)]
pub struct Derived;

/// [`Changes`] that diesel can write as SQL.
pub trait Sets<'t, T, K>: Changes<'t, T, K> {
    #[doc(hidden)]
    type Changeset: QueryFragment<Pg> + Send + Sync;
    #[doc(hidden)]
    fn into_changeset(self) -> Self::Changeset;
}

impl<'t, T, K, V> Sets<'t, T, K> for V
where
    V: Changes<'t, T, K> + AsChangeset<Target = T, Changeset: QueryFragment<Pg> + Send + Sync>,
{
    type Changeset = V::Changeset;

    fn into_changeset(self) -> V::Changeset {
        self.as_changeset()
    }
}

/// Assignments to columns of `T` that are written in place, and not by a struct.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be set by a tenant scope",
    label = "not checked to leave `tenant_id` alone",
    note = "write `#[derive(AsChangeset, TenantChangeset)]` on the struct, or set `column.eq(value)` or a tuple of these",
    note = "a struct stands alone: what is set beside it becomes a field of it",
    note = "`tenant_id` is never written by hand: a row never changes its tenant"
)]
pub trait InPlace<T> {
    #[doc(hidden)]
    type Assignments;
}

// diesel hides the type of a single assignment, but the same expression is also a row to insert,
// whose type can be read. Only expressions are fragments of SQL, so this leaves out structs.
#[diagnostic::do_not_recommend]
impl<T, V, A> InPlace<T> for V
where
    V: Insertable<T, Values = ValuesClause<A, T>> + QueryFragment<Pg>,
{
    type Assignments = A;
}

impl<'t, T, V> Changes<'t, T, Inline> for V
where
    V: InPlace<T, Assignments: Assigns<'t, T, T>>,
{
    fn __only_the_derive_implements_this(_: model::Derived) {}
}
