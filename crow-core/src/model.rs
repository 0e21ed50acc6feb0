//! What the derives say about a model, and the registry of all models of a program.

use std::sync::OnceLock;

use diesel::Table;
use diesel::expression::{Expression, Selectable};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_source::{Alias, AliasSource, Column, QuerySource};
use diesel::result::QueryResult;
use diesel::sql_types;

use crate::column::ModelColumn;
use crate::fragment::Fragment;
use crate::query::sql;
use crate::scope::Scoped;
use crate::seal::Seal;
use crate::tenant_bind::TenantBind;

/// A row type that a tenant scope can query: a [`TenantModel`] or a [`SharedModel`].
///
/// Derived, never written by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no model that a tenant scope may query",
    label = "not a tenant model and not a shared model",
    note = "write `#[derive(TenantModel)]` on `{Self}` if its table has a `tenant_id` column,\n\
            or `#[derive(SharedModel)]` if its table is reference data that every tenant may read",
    note = "for access across tenants take an `AdminConn`: another role, a stated reason, a record"
)]
pub trait Model:
    Selectable<Pg, SelectExpression: QueryId + QueryFragment<Pg> + Send + Sync + 'static> + Send + 'static
{
    /// The table of the model.
    type Table: ScopedTable;
    /// The column, or tuple of columns, that names a row within its tenant: what `find` takes.
    type Key: Expression + Default;

    /// What a query of the model selects unless it says otherwise.
    #[doc(hidden)]
    fn selection() -> Fragment<'static>;

    #[doc(hidden)]
    fn __only_the_derive_implements_this(_: Derived);
}

/// A row of a table that holds the rows of all tenants, told apart by `tenant_id`.
///
/// `#[derive(TenantModel)]` proves at compile time that the table has a column
/// `tenant_id -> Uuid` that is not nullable, lets a scope query and change the table, joins it to
/// the parents named by `#[diesel(belongs_to(..))]`, and registers it for
/// [`TenantPool::connect`](crate::TenantPool), which refuses a database in which the table is not
/// protected.
///
/// A table has one tenant model. Further row types of the same table derive diesel's `Selectable`
/// and are loaded with `.select(Row::as_select())`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tenant model",
    label = "a tenant scope can only change tables of tenant models",
    note = "write `#[derive(TenantModel)]` on `{Self}`; its table needs a column `tenant_id -> Uuid`",
    note = "shared tables are written by migrations, or through an `AdminConn`"
)]
pub trait TenantModel: Model<Table: TenantTable> {
    #[doc(hidden)]
    fn __only_the_derive_implements_this(_: Derived);
}

/// A row of reference data that every tenant may read and none may write.
///
/// `#[derive(SharedModel)]` proves at compile time that the table has no column `tenant_id`.
/// [`TenantPool::connect`](crate::TenantPool) refuses a role that can write to it.
pub trait SharedModel: Model {
    #[doc(hidden)]
    fn __only_the_derive_implements_this(_: Derived);
}

/// A table that a tenant scope can name. Implemented by the derives.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a table that a tenant scope may read",
    label = "no model declares this table as a tenant table or as a shared table",
    note = "write `#[derive(TenantModel)]` or `#[derive(SharedModel)]` on its row type",
    note = "for access across tenants take an `AdminConn`: another role, a stated reason, a record"
)]
pub trait ScopedTable: Table + QuerySource<FromClause: QueryFragment<Pg> + Send + Sync> + 'static {
    /// The table as a value, as diesel's builders take it.
    #[doc(hidden)]
    fn table() -> Self;

    /// The table in FROM.
    #[doc(hidden)]
    fn source() -> Fragment<'static>;

    /// The column `tenant_id`; none if shared.
    #[doc(hidden)]
    fn tenant_column() -> Option<Fragment<'static>>;

    #[doc(hidden)]
    fn __only_the_derive_implements_this(_: Derived);
}

/// A [`ScopedTable`] with a `tenant_id` column. Implemented by `#[derive(TenantModel)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tenant table",
    label = "this table is not declared by a `#[derive(TenantModel)]`"
)]
pub trait TenantTable: ScopedTable {
    /// The column `tenant_id`.
    type TenantColumn: TenantColumn<Self>;

    #[doc(hidden)]
    fn __only_the_derive_implements_this(_: Derived);
}

/// The column `tenant_id -> Uuid` of the table `T`.
pub trait TenantColumn<T>: QueryFragment<Pg> + Default + Send + Sync + 'static {
    /// The name of the column.
    const NAME: &'static str;

    #[doc(hidden)]
    fn __only_crow_implements_this(_: Seal);
}

impl<T, C> TenantColumn<T> for C
where
    C: Column<Table = T> + QueryFragment<Pg> + Default + Send + Sync + 'static,
    C::SqlType: TenantIdType,
{
    const NAME: &'static str = C::NAME;

    fn __only_crow_implements_this(_: Seal) {}
}

/// A column that a table has: what `#[derive(TenantModel)]` looks for under the name `tenant_id`.
#[diagnostic::on_unimplemented(
    message = "the table of a tenant model needs a column `tenant_id`",
    label = "`#[derive(TenantModel)]` on the row type of a table without `tenant_id`",
    note = "write `tenant_id -> Uuid` in `table!`, and `tenant_id uuid NOT NULL` in its migration",
    note = "if every tenant may read all rows of the table and none may write them, derive `SharedModel`"
)]
pub trait Declared {
    #[doc(hidden)]
    fn __only_crow_implements_this(_: Seal);
}

#[diagnostic::do_not_recommend]
impl<C: Column> Declared for C {
    fn __only_crow_implements_this(_: Seal) {}
}

/// The SQL type of `tenant_id`: `Uuid`, and never nullable.
#[diagnostic::on_unimplemented(
    message = "`tenant_id` has to be `Uuid`, not `{Self}`",
    label = "the type of `tenant_id` in this table is `{Self}`",
    note = "write `tenant_id -> Uuid` in `table!`, and `tenant_id uuid NOT NULL` in its migration: \
            a row without a tenant would belong to nobody or to everybody"
)]
pub trait TenantIdType {
    #[doc(hidden)]
    fn __only_crow_implements_this(_: Seal);
}

impl TenantIdType for sql_types::Uuid {
    fn __only_crow_implements_this(_: Seal) {}
}

/// Nothing: what `#[derive(SharedModel)]` finds in place of a column `tenant_id`.
#[diagnostic::on_unimplemented(
    message = "a shared table has no column `tenant_id`",
    label = "`#[derive(SharedModel)]` on the row type of a table with `tenant_id`",
    note = "the rows of this table belong to tenants: derive `TenantModel`"
)]
pub trait NoTenantColumn {
    #[doc(hidden)]
    fn __only_crow_implements_this(_: Seal);
}

impl NoTenantColumn for absent::tenant_id {
    fn __only_crow_implements_this(_: Seal) {}
}

/// What the name `tenant_id` means where a table has no such column.
pub mod absent {
    use super::{AstPass, Pg, QueryFragment, QueryResult, Seal, TenantColumn};

    /// No column. It can stand in for one, so that a model without it has one error and not many:
    /// that it is not [`Declared`](super::Declared).
    #[derive(Debug, Default)]
    #[allow(non_camel_case_types)]
    pub struct tenant_id;

    impl<T> TenantColumn<T> for tenant_id {
        const NAME: &'static str = "";

        fn __only_crow_implements_this(_: Seal) {}
    }

    impl QueryFragment<Pg> for tenant_id {
        fn walk_ast<'b>(&'b self, _: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
            Ok(())
        }
    }
}

/// Compiles only for a table with a column `tenant_id`.
pub fn assert_tenant<C: Declared>() {}

/// Compiles only for a table without a column `tenant_id`.
pub fn assert_shared<C: NoTenantColumn>() {}

/// Compiles only for a model whose own rows are made of what a scope may select.
pub fn assert_scoped<M>()
where
    M: Model<SelectExpression: Scoped<'static, M::Table>>,
{
}

/// The columns of a model, as SQL that is written once.
pub fn selection<M: Model>(once: &'static OnceLock<Fragment<'static>>) -> Fragment<'static> {
    Fragment::fixed(once, || Fragment::new(M::construct_selection()))
}

/// A table in FROM, as SQL that is written once.
pub fn source<T: ScopedTable>(once: &'static OnceLock<Fragment<'static>>) -> Fragment<'static> {
    Fragment::fixed(once, || Fragment::new(T::table().from_clause()))
}

/// The tenant column of a tenant table, as SQL that is written once.
pub fn tenant_column<T: TenantTable>(once: &'static OnceLock<Fragment<'static>>) -> Fragment<'static> {
    Fragment::fixed(once, || Fragment::new(T::TenantColumn::default()))
}

/// What can stand in the FROM of a tenant's statement: a [`ScopedTable`], or an alias of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a table that a tenant scope may read",
    label = "no model declares this table as a tenant table or as a shared table",
    note = "write `#[derive(TenantModel)]` or `#[derive(SharedModel)]` on its row type",
    note = "for access across tenants take an `AdminConn`: another role, a stated reason, a record"
)]
pub trait ScopedSource: QuerySource<FromClause: QueryFragment<Pg> + Send + Sync + 'static> + 'static {
    /// `source.tenant_id`; none if the table is shared.
    #[doc(hidden)]
    fn tenant_column(&self) -> Option<Fragment<'static>>;

    #[doc(hidden)]
    fn __only_crow_implements_this(_: Seal);
}

#[diagnostic::do_not_recommend]
impl<T: ScopedTable> ScopedSource for T {
    fn __only_crow_implements_this(_: Seal) {}

    fn tenant_column(&self) -> Option<Fragment<'static>> {
        T::tenant_column()
    }
}

#[diagnostic::do_not_recommend]
impl<A> ScopedSource for Alias<A>
where
    Self: QuerySource<FromClause: QueryFragment<Pg> + Send + Sync + 'static> + 'static,
    A: AliasSource<Target: ScopedTable>,
{
    fn __only_crow_implements_this(_: Seal) {}

    fn tenant_column(&self) -> Option<Fragment<'static>> {
        <A::Target as ScopedTable>::tenant_column().map(|_| Fragment::new(AliasedTenant(A::NAME)))
    }
}

/// `alias.tenant_id`
struct AliasedTenant(&'static str);

impl QueryFragment<Pg> for AliasedTenant {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_identifier(self.0)?;
        out.push_sql(".");
        out.push_identifier("tenant_id")
    }
}

/// `source.tenant_id = $n::crow.tenant`: what every appearance of a tenant table in a statement carries.
#[derive(Clone)]
pub(crate) struct Guard {
    column: Fragment<'static>,
    tenant: TenantBind,
}

impl Guard {
    /// None if the source is shared.
    pub(crate) fn of(source: &impl ScopedSource, tenant: &mut TenantBind) -> Option<Self> {
        source.tenant_column().map(|column| Self { column, tenant: tenant.give() })
    }
}

impl QueryFragment<Pg> for Guard {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" = ");
        self.tenant.walk_ast(out)
    }
}

/// What a model's table has to be in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protection {
    /// The rows of all tenants, told apart by `tenant_id` and protected by policies.
    Tenant,
    /// Reference data, read by all and written by none.
    Shared,
}

/// One model of this program, as its derive registered it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ModelEntry {
    /// The Rust path of the model.
    pub model: &'static str,
    table: fn() -> String,
    columns: fn() -> Vec<ModelColumn>,
    /// What the table has to be in the database.
    pub protection: Protection,
}

impl ModelEntry {
    #[doc(hidden)]
    pub const fn __new(
        model: &'static str,
        table: fn() -> String,
        columns: fn() -> Vec<ModelColumn>,
        protection: Protection,
    ) -> Self {
        Self { model, table, columns, protection }
    }

    /// The name of the table as SQL, quoted and with its schema where one is declared.
    pub fn table(&self) -> String {
        (self.table)()
    }

    /// The columns of the table, in the order of `table!`.
    pub fn columns(&self) -> Vec<ModelColumn> {
        (self.columns)()
    }
}

inventory::collect!(ModelEntry);

/// All models of the program, in no particular order.
///
/// ```
/// for entry in crow_core::models() {
///     println!("{} is stored in {} ({:?})", entry.model, entry.table(), entry.protection);
/// }
/// ```
pub fn models() -> impl Iterator<Item = &'static ModelEntry> {
    inventory::iter::<ModelEntry>.into_iter()
}

/// The name of a table as SQL, for the registry.
pub fn table_name<T: ScopedTable>() -> String {
    sql(&T::table().from_clause())
}

/// Makes the derives the only place from which a model comes.
#[derive(Debug)]
pub struct Derived;
