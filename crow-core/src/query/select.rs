//! Reading: what a query says.

use std::fmt;

use diesel::associations::{BelongsTo, Identifiable};
use diesel::dsl::EqAny;
use diesel::expression::array_comparison::AsInExpression;
use diesel::expression::{Expression, ValidGrouping};
use diesel::expression_methods::{EqAll, ExpressionMethods};
use diesel::internal::table_macro::{Inner, Join, LeftOuter};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::query_source::QuerySource;
use diesel::result::QueryResult;
use diesel::sql_types::{BoolOrNullableBool, SqlType};

use super::any_of::{AnyOf, any_of};
use super::clauses::{Clauses, Distinct, Join as JoinClause};
use super::join::{Joined, Joins};
use super::row::{Grouped, RowOf};
use super::statement::sql;
use crate::fragment::Fragment;
use crate::model::{Guard, Model, ScopedSource, ScopedTable};
use crate::scope::{Brand, Part, Predicate, Scoped, Selection};
use crate::tenant_bind::TenantBind;

/// A query over rows of one tenant, from [`TenantConn::query`](crate::TenantConn::query).
///
/// `'t` is the scope; `'q` is how long borrowed values in it live (`'static` if there are none);
/// `M` the model; `ST` the SQL type of a row, `M`'s own until `select`. The rest is seldom written:
/// `S` the tables of the query, `G` what it is grouped by, `C` the tables of an enclosing query that it
/// refers to. A query can be named with as many of these as one needs:
///
/// ```
/// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
/// # use {crow_core::*, diesel::prelude::*};
/// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
/// # #[diesel(table_name = vehicles, primary_key(id))]
/// # struct Vehicle { id: uuid::Uuid, make: String }
/// fn of_make<'t, 'q>(db: &TenantConn<'t>, make: &'q str) -> TenantQuery<'t, 'q, Vehicle> {
///     db.query::<Vehicle>().filter(vehicles::make.eq(make)).order(vehicles::id)
/// }
/// ```
#[must_use = "a query does nothing until it is loaded"]
pub struct TenantQuery<'t, 'q, M: Model, ST = RowOf<M>, S = <M as Model>::Table, G = (), C = ()> {
    pub(super) clauses: Clauses<'q>,
    _types: Brand<'t, (M, ST, S, G, C)>,
}

impl<'t, M: Model> TenantQuery<'t, '_, M> {
    pub(crate) fn new(mut tenant: TenantBind) -> Self {
        let table = M::Table::table();
        let guard = Guard::of(&table, &mut tenant).map(Fragment::new);
        let clauses = Clauses {
            tenant,
            distinct: None,
            selection: M::selection(),
            from: M::Table::source(),
            joins: Vec::new(),
            filters: guard.into_iter().collect(),
            group_by: None,
            having: Vec::new(),
            order: Vec::new(),
            limit: None,
            offset: None,
        };
        Self { clauses, _types: Brand::new() }
    }
}

impl<'t, 'q, M: Model, ST, S, G, C> TenantQuery<'t, 'q, M, ST, S, G, C> {
    /// Keeps the rows for which the condition is true; several filters are joined by AND.
    pub fn filter<P>(mut self, predicate: P) -> Self
    where
        P: Scoped<'t, S> + Predicate<'q>,
    {
        self.clauses.filters.push(Fragment::new(predicate));
        self
    }

    /// Keeps the row with this key: the primary key without the tenant column.
    pub fn find<K>(self, key: K) -> Self
    where
        M::Key: EqAll<K>,
        <M::Key as EqAll<K>>::Output: Scoped<'t, S> + Predicate<'q>,
    {
        self.filter(M::Key::default().eq_all(key))
    }

    /// Keeps the children of these parents, as `#[diesel(belongs_to(..))]` relates them. diesel's
    /// `grouped_by` then sorts the children under their parents.
    pub fn belonging_to<'p, P>(self, parents: impl IntoIterator<Item = &'p P>) -> Self
    where
        P: 'p,
        &'p P: Identifiable,
        M: BelongsTo<P, ForeignKeyColumn: ExpressionMethods + Expression<SqlType: SqlType>>,
        AnyOf<<&'p P as Identifiable>::Id>: AsInExpression<<M::ForeignKeyColumn as Expression>::SqlType>,
        EqAny<M::ForeignKeyColumn, AnyOf<<&'p P as Identifiable>::Id>>: Scoped<'t, S> + Predicate<'q>,
    {
        self.filter(M::foreign_key_column().eq_any(any_of(parents.into_iter().map(Identifiable::id))))
    }

    /// Chooses what a row consists of: a column, an expression, a tuple of these, or
    /// `Row::as_select()` for a row type of one's own.
    pub fn select<E>(mut self, selection: E) -> TenantQuery<'t, 'q, M, E::SqlType, S, G, C>
    where
        E: Scoped<'t, S> + Selection<'q, S, G>,
    {
        self.clauses.selection = Fragment::new(selection);
        self.retyped()
    }

    /// Leaves out rows that are equal to another one.
    pub fn distinct(mut self) -> Self {
        self.clauses.distinct = Some(Distinct::Rows);
        self
    }

    /// Keeps the first row of each set that has the same value here. PostgreSQL wants the `order` to
    /// begin with the same expressions.
    pub fn distinct_on<E>(mut self, by: E) -> Self
    where
        E: Scoped<'t, S> + Part<'q>,
    {
        self.clauses.distinct = Some(Distinct::On(Fragment::new(by)));
        self
    }

    /// Makes one row of all that have the same values here; `select` then chooses from what they were
    /// grouped by, and aggregates.
    pub fn group_by<E>(mut self, by: E) -> TenantQuery<'t, 'q, M, Grouped, S, E, C>
    where
        E: Scoped<'t, S> + Part<'q>,
    {
        self.clauses.group_by = Some(Fragment::new(by));
        self.retyped()
    }

    /// Keeps the groups for which the condition, which may hold aggregates, is true.
    pub fn having<P>(mut self, condition: P) -> Self
    where
        P: Scoped<'t, S> + Expression<SqlType: BoolOrNullableBool> + ValidGrouping<G> + Part<'q>,
    {
        self.clauses.having.push(Fragment::new(condition));
        self
    }

    /// Sorts by a column, an expression or a tuple of these, `.asc()` unless `.desc()` is written;
    /// replaces an earlier order.
    pub fn order<E>(mut self, by: E) -> Self
    where
        E: Scoped<'t, S> + Part<'q>,
    {
        self.clauses.order.clear();
        self.then_order_by(by)
    }

    /// Sorts rows that are equal in the order so far.
    pub fn then_order_by<E>(mut self, by: E) -> Self
    where
        E: Scoped<'t, S> + Part<'q>,
    {
        self.clauses.order.push(Fragment::new(by));
        self
    }

    /// At most this many rows.
    pub fn limit(mut self, rows: i64) -> Self {
        self.clauses.limit = Some(rows);
        self
    }

    /// Leaves out this many rows first.
    pub fn offset(mut self, rows: i64) -> Self {
        self.clauses.offset = Some(rows);
        self
    }

    /// Adds a table, keeping the rows that have a match in it.
    ///
    /// The table is joined along `#[diesel(belongs_to(..))]`, or by a condition of one's own with
    /// `table.on(condition)`. Either way the joined rows are those of this tenant. A table joins itself
    /// by an alias (`diesel::alias!`) and a condition. A query still gives rows of `M` until `select`
    /// says otherwise.
    pub fn inner_join<R>(self, table: R) -> TenantQuery<'t, 'q, M, ST, Joined<S, R, Inner>, G, C>
    where
        S: Joins<R>,
        S::On: Scoped<'t, Joined<S, R, Inner>> + Predicate<'q>,
    {
        self.join(" INNER JOIN ", table)
    }

    /// Adds a table, keeping also the rows that have no match in it; columns of that table become
    /// nullable in `select`.
    pub fn left_join<R>(self, table: R) -> TenantQuery<'t, 'q, M, ST, Joined<S, R, LeftOuter>, G, C>
    where
        S: Joins<R>,
        S::On: Scoped<'t, Joined<S, R, LeftOuter>> + Predicate<'q>,
    {
        self.join(" LEFT OUTER JOIN ", table)
    }

    fn join<R, Kind>(
        mut self,
        kind: &'static str,
        table: R,
    ) -> TenantQuery<'t, 'q, M, ST, Joined<S, R, Kind>, G, C>
    where
        S: Joins<R>,
        S::On: Predicate<'q>,
    {
        let (table, on) = S::join_target(table);
        self.clauses.joins.push(JoinClause {
            kind,
            guard: Guard::of(&table, &mut self.clauses.tenant),
            table: Fragment::new(table.from_clause()),
            on: Fragment::new(on),
        });
        self.retyped()
    }

    /// Lets the conditions of a subquery refer to a table of the query that it will be part of.
    ///
    /// ```
    /// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
    /// # diesel::table! { service_records (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, vehicle_id -> Uuid } }
    /// # diesel::allow_tables_to_appear_in_same_query!(vehicles, service_records);
    /// # use {crow_core::*, diesel::prelude::*};
    /// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
    /// # #[diesel(table_name = vehicles, primary_key(id))]
    /// # struct Vehicle { id: uuid::Uuid, make: String }
    /// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
    /// # #[diesel(table_name = service_records, primary_key(id))]
    /// # struct ServiceRecord { id: uuid::Uuid, vehicle_id: uuid::Uuid }
    /// use crow_core::exists;
    /// use diesel::dsl::not;
    ///
    /// fn never_serviced<'t>(db: &TenantConn<'t>) -> TenantQuery<'t, 't, Vehicle> {
    ///     let serviced = db
    ///         .query::<ServiceRecord>()
    ///         .correlate(vehicles::table)
    ///         .filter(service_records::vehicle_id.eq(vehicles::id));
    ///     db.query::<Vehicle>().filter(not(exists(serviced)))
    /// }
    /// ```
    #[expect(clippy::type_complexity, reason = "a query names its tables")]
    pub fn correlate<T: ScopedSource>(
        self,
        _outer: T,
    ) -> TenantQuery<'t, 'q, M, ST, Join<S, T, Inner>, G, (C, T)>
    where
        S: QuerySource,
    {
        self.retyped()
    }

    fn retyped<ST2, S2, G2, C2>(self) -> TenantQuery<'t, 'q, M, ST2, S2, G2, C2> {
        TenantQuery { clauses: self.clauses, _types: Brand::new() }
    }
}

impl<M: Model, ST, S, G, C> Clone for TenantQuery<'_, '_, M, ST, S, G, C> {
    fn clone(&self) -> Self {
        Self { clauses: self.clauses.clone(), _types: self._types }
    }
}

impl<M: Model, ST, S, G, C> QueryFragment<Pg> for TenantQuery<'_, '_, M, ST, S, G, C> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.clauses.walk_ast(out)
    }
}

impl<M: Model, ST, S, G, C> fmt::Debug for TenantQuery<'_, '_, M, ST, S, G, C> {
    /// The SQL, without the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sql(self))
    }
}
