//! Keys of rows that are known to exist in a scope.

use std::fmt;

use diesel::expression::{
    AppearsOnTable, AsExpression, Expression, SelectableExpression, TypedExpressionType, ValidGrouping,
    is_aggregate,
};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::SqlType;
use futures_util::future::{BoxFuture, FutureExt};

use super::row::{Loads, RowOf};
use super::select::TenantQuery;
use super::write::{Complete, Write};
use crate::conn::TenantConn;
use crate::error::Error;
use crate::model::{Derived, Model};
use crate::scope::{Brand, InScope, Part, Scoped, Uncorrelated};

/// A model that has the columns of its key as fields; every such model is one.
///
/// Derived with [`TenantModel`](derive@crate::TenantModel) and [`SharedModel`](derive@crate::SharedModel).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not have its key among its fields",
    label = "no field for the key",
    note = "add the columns of `#[diesel(primary_key(..))]` to the struct, `id` if there is no such attribute"
)]
pub trait Keyed: Model {
    /// The key as Rust has it: the type of the field, or a tuple.
    type Id: Send + 'static;

    /// The key of this row.
    #[doc(hidden)]
    fn id(&self) -> Self::Id;

    #[doc(hidden)]
    fn __only_the_derive_implements_this(_: Derived);
}

/// The key of a row of `M` that exists in the scope `'t`.
///
/// It comes from a query or an insert in the scope and is good for filters and foreign keys in the
/// same scope; in another one it does not compile. So a function that takes `Key<'t, Vehicle>` need not
/// ask whether there is such a vehicle, nor whose it is. (Another connection may delete the row in the
/// meantime; then the database refuses a reference to it.) [`id`](Self::id) is plain data.
///
/// ```
/// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
/// # diesel::table! { service_records (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, vehicle_id -> Uuid, work -> Text } }
/// # use {crow_core::*, diesel::prelude::*, uuid::Uuid};
/// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
/// # #[diesel(table_name = vehicles, primary_key(id))]
/// # struct Vehicle { id: Uuid, make: String }
/// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
/// # #[diesel(table_name = service_records, primary_key(id))]
/// # struct ServiceRecord { id: Uuid, vehicle_id: Uuid, work: String }
/// #[derive(Insertable)]
/// #[diesel(table_name = service_records)]
/// struct NewServiceRecord<'t> {
///     vehicle_id: Key<'t, Vehicle>,
///     work: &'t str,
/// }
///
/// async fn change_oil<'t>(db: &TenantConn<'t>, plate: Uuid) -> Result<(), Error> {
///     let vehicle_id = db.query::<Vehicle>().find(plate).key(db).await?;
///     let record = NewServiceRecord { vehicle_id, work: "oil" };
///     db.insert_into::<ServiceRecord>().values(record).execute(db).await?;
///     Ok(())
/// }
/// ```
pub struct Key<'t, M: Keyed> {
    id: M::Id,
    _scope: Brand<'t, M>,
}

/// A row with its key.
pub type KeyedRow<'t, M> = (Key<'t, M>, M);

impl<M: Keyed> Key<'_, M> {
    fn new(id: M::Id) -> Self {
        Self { id, _scope: Brand::new() }
    }

    /// The key as plain data, which may leave the scope.
    pub fn id(&self) -> &M::Id {
        &self.id
    }

    /// The key as plain data, which may leave the scope.
    pub fn into_id(self) -> M::Id {
        self.id
    }
}

impl<M: Keyed<Id: Clone>> Clone for Key<'_, M> {
    fn clone(&self) -> Self {
        Self::new(self.id.clone())
    }
}

impl<M: Keyed<Id: Copy>> Copy for Key<'_, M> {}

impl<M: Keyed<Id: PartialEq>> PartialEq for Key<'_, M> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<M: Keyed<Id: fmt::Debug>> fmt::Debug for Key<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.id).finish()
    }
}

/// The SQL type of a model's key.
type KeyOf<M> = <<M as Model>::Key as Expression>::SqlType;

impl<'t, 'q, M, ST, S, G, C> TenantQuery<'t, 'q, M, ST, S, G, C>
where
    M: Keyed<Key: Scoped<'t, S> + SelectableExpression<S> + ValidGrouping<G> + Part<'q>>,
    C: Uncorrelated,
{
    /// Loads the keys of the rows.
    ///
    /// # Errors
    ///
    /// As for [`load`](Self::load).
    pub fn keys<'c>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<Vec<Key<'t, M>>, Error>>
    where
        KeyOf<M>: Loads<M::Id>,
        't: 'c,
    {
        let ids = self.select(M::Key::default()).load::<M::Id>(db);
        ids.map(|ids| Ok(ids?.into_iter().map(Key::new).collect())).boxed()
    }

    /// Loads the key of the first row.
    ///
    /// # Errors
    ///
    /// As for [`first`](Self::first).
    pub fn key<'c>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<Key<'t, M>, Error>>
    where
        KeyOf<M>: Loads<M::Id>,
        't: 'c,
    {
        let id = self.select(M::Key::default()).first::<M::Id>(db);
        id.map(|id| id.map(Key::new)).boxed()
    }
}

impl<'t, M, S, G, C> TenantQuery<'t, '_, M, RowOf<M>, S, G, C>
where
    M: Keyed,
    RowOf<M>: Loads<M>,
    C: Uncorrelated,
{
    /// Loads all rows, each with its key.
    ///
    /// # Errors
    ///
    /// As for [`load`](Self::load).
    pub fn load_keyed<'c>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<Vec<KeyedRow<'t, M>>, Error>>
    where
        't: 'c,
    {
        let rows = self.load::<M>(db);
        rows.map(|rows| Ok(rows?.into_iter().map(|row| (Key::new(row.id()), row)).collect())).boxed()
    }
}

impl<'t, 'q, M, Op, ST> Write<'t, 'q, M, Op, ST>
where
    M: Keyed<Key: Scoped<'t, M::Table> + SelectableExpression<M::Table> + ValidGrouping<()> + Part<'q>>,
    Op: Complete,
{
    /// Runs the statement and gives the key of the row it wrote, the first if there are several.
    ///
    /// # Errors
    ///
    /// As for [`get_result`](Self::get_result).
    pub fn key<'c>(self, db: &'c TenantConn<'t>) -> BoxFuture<'c, Result<Key<'t, M>, Error>>
    where
        KeyOf<M>: Loads<M::Id>,
        't: 'c,
    {
        let id = self.returning(M::Key::default()).get_result::<M::Id>(db);
        id.map(|id| id.map(Key::new)).boxed()
    }
}

impl<'t, M, ST> AsExpression<ST> for Key<'t, M>
where
    M: Keyed<Id: AsExpression<ST>>,
    ST: SqlType + TypedExpressionType,
{
    type Expression = KeyValue<'t, <M::Id as AsExpression<ST>>::Expression>;

    fn as_expression(self) -> Self::Expression {
        KeyValue { value: self.id.as_expression(), _scope: Brand::new() }
    }
}

impl<'a, 't, M, ST> AsExpression<ST> for &'a Key<'t, M>
where
    M: Keyed,
    &'a M::Id: AsExpression<ST>,
    ST: SqlType + TypedExpressionType,
{
    type Expression = KeyValue<'t, <&'a M::Id as AsExpression<ST>>::Expression>;

    fn as_expression(self) -> Self::Expression {
        KeyValue { value: (&self.id).as_expression(), _scope: Brand::new() }
    }
}

/// A [`Key`] in an expression of its scope.
#[derive(Clone)]
pub struct KeyValue<'t, E> {
    value: E,
    _scope: Brand<'t>,
}

impl<E: Expression> Expression for KeyValue<'_, E> {
    type SqlType = E::SqlType;
}

impl<'t, E: AppearsOnTable<QS>, QS: InScope<'t>> AppearsOnTable<QS> for KeyValue<'t, E> {}

impl<QS, E> SelectableExpression<QS> for KeyValue<'_, E> where Self: AppearsOnTable<QS> {}

impl<E, G> ValidGrouping<G> for KeyValue<'_, E> {
    type IsAggregate = is_aggregate::Never;
}

impl<E: QueryId> QueryId for KeyValue<'_, E> {
    type QueryId = KeyValue<'static, E::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = E::HAS_STATIC_QUERY_ID;
}

impl<E: QueryFragment<Pg>> QueryFragment<Pg> for KeyValue<'_, E> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.value.walk_ast(out)
    }
}
