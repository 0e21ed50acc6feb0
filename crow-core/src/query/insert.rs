//! New rows.

use std::marker::PhantomData;

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::query_source::QuerySource;
use diesel::result::QueryResult;

use super::assign::{ColumnsOf, NewRows, RowSet, Rows};
use super::combine::Combined;
use super::statement::binds;
use super::write::{Head, Insert, Write};
use crate::model::{ScopedTable, TenantColumn, TenantModel, TenantTable};
use crate::scope::Brand;
use crate::seal::Seal;
use crate::tenant_bind::TenantBind;

/// An insert that waits for its values, from [`TenantConn::insert_into`](crate::TenantConn::insert_into).
#[must_use = "an insert does nothing until it has values and is executed"]
pub struct InsertInto<'t, M> {
    tenant: TenantBind,
    _types: Brand<'t, M>,
}

impl<'t, M: TenantModel> InsertInto<'t, M> {
    pub(crate) fn new(tenant: TenantBind) -> Self {
        Self { tenant, _types: Brand::new() }
    }

    /// The row or rows to insert: a struct that derives `Insertable`, `column.eq(value)`, a tuple
    /// of these, or a list. The tenant column is filled in. An empty list inserts nothing; a list of
    /// more than 65,535 values takes several statements, in one transaction.
    pub fn values<'q, V>(self, rows: V) -> Insert<'t, 'q, M>
    where
        V: NewRows<M::Table, Rows: RowSet<'t, M::Table> + 'q>,
    {
        let rows = rows.into_rows();
        let empty = rows.count() == 0;
        let mut insert = self.insert(rows);
        insert.clauses.empty = empty;
        insert
    }

    /// One row in which every column but the tenant's has its default.
    pub fn default_values<'q>(self) -> Insert<'t, 'q, M> {
        self.insert(Defaults)
    }

    /// What a query of this scope gives: its columns go into these, a column or a tuple of columns.
    ///
    /// ```
    /// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
    /// # use {crow_core::*, diesel::prelude::*};
    /// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
    /// # #[diesel(table_name = vehicles, primary_key(id))]
    /// # struct Vehicle { id: uuid::Uuid, make: String }
    /// # async fn example(db: &TenantConn<'_>) -> Result<(), Error> {
    /// let hondas = db.query::<Vehicle>().filter(vehicles::make.eq("Honda")).select(vehicles::make);
    /// db.insert_into::<Vehicle>().from_query(vehicles::make, hondas).execute(db).await?;
    /// # Ok(()) }
    /// ```
    pub fn from_query<'q, Cols, K, ST>(
        mut self,
        columns: Cols,
        query: impl Into<Combined<'t, 'q, ST>>,
    ) -> Insert<'t, 'q, M>
    where
        Cols: ColumnsOf<M::Table, K, SqlType = ST> + Send + Sync + 'q,
        K: 'q,
    {
        let head = InsertSelected::<M::Table, _, K, _> {
            table: M::Table::table().from_clause(),
            tenant: self.tenant.give(),
            columns,
            query: query.into().into_fragment(),
            _kind: PhantomData,
        };
        Write::new(self.tenant, head)
    }

    fn insert<'q, V: Rows<M::Table> + 'q>(mut self, rows: V) -> Insert<'t, 'q, M> {
        let table = M::Table::table().from_clause();
        let tenant = self.tenant.give();
        let head = InsertRows::<M::Table, _> { table, tenant, again: self.tenant, rows };
        Write::new(self.tenant, head)
    }
}

/// `INSERT INTO table (tenant_id, …) VALUES ($1::crow.tenant, …), …`
struct InsertRows<T: TenantTable, V> {
    table: T::FromClause,
    tenant: TenantBind,
    /// What the rows after the first have.
    again: TenantBind,
    rows: V,
}

/// How many bind values the protocol counts in one message.
const MOST_BINDS: usize = u16::MAX as usize;

impl<T: TenantTable, V: Rows<T>> InsertRows<T, V> {
    /// How many rows go into one statement, each with its tenant. All rows have as many binds as the
    /// first: they are of one type.
    fn rows_a_part(&self) -> usize {
        struct FirstRow<'a, T, V>(&'a V, PhantomData<fn() -> T>);

        impl<T, V: Rows<T>> QueryFragment<Pg> for FirstRow<'_, T, V> {
            fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                self.0.walk_row(0, out)
            }
        }

        let binds = if self.rows.count() == 0 { 0 } else { binds(&FirstRow(&self.rows, PhantomData)) };
        // A row of more values than that is for PostgreSQL to refuse: its tables have fewer columns.
        (MOST_BINDS / (1 + binds)).max(1)
    }
}

impl<T: TenantTable, V: Rows<T>> Head for InsertRows<T, V> {
    fn parts(&self) -> usize {
        self.rows.count().div_ceil(self.rows_a_part())
    }

    /// Each number of rows is another text, and all of them would fill the server's memory.
    fn is_one_text(&self) -> bool {
        self.rows.count() == 1
    }

    fn walk_part<'b>(&'b self, part: usize, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let first = part * self.rows_a_part();
        let last = self.rows.count().min(first + self.rows_a_part());
        out.push_sql("INSERT INTO ");
        self.table.walk_ast(out.reborrow())?;
        out.push_sql(" (");
        out.push_identifier(T::TenantColumn::NAME)?;
        self.rows.walk_columns(out.reborrow())?;
        out.push_sql(") VALUES ");
        for row in first..last {
            let (before, tenant) = if row == first { ("(", &self.tenant) } else { (", (", &self.again) };
            out.push_sql(before);
            tenant.walk_ast(out.reborrow())?;
            self.rows.walk_row(row, out.reborrow())?;
            out.push_sql(")");
        }
        Ok(())
    }
}

/// A row that gives no values.
struct Defaults;

impl<T> Rows<T> for Defaults {
    fn __only_crow_implements_this(_: Seal) {}

    fn count(&self) -> usize {
        1
    }

    fn walk_columns(&self, _: AstPass<'_, '_, Pg>) -> QueryResult<()> {
        Ok(())
    }

    fn walk_row<'b>(&'b self, _: usize, _: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        Ok(())
    }
}

/// `INSERT INTO table (tenant_id, …) SELECT $1::crow.tenant, q.* FROM (…) AS q`
struct InsertSelected<T: TenantTable, Cols, K, Q> {
    table: T::FromClause,
    tenant: TenantBind,
    columns: Cols,
    query: Q,
    _kind: PhantomData<fn() -> K>,
}

impl<T, Cols, K, Q> Head for InsertSelected<T, Cols, K, Q>
where
    T: TenantTable,
    Cols: ColumnsOf<T, K> + Send + Sync,
    T::FromClause: Send + Sync,
    Q: QueryFragment<Pg> + Send + Sync,
{
    fn walk_part<'b>(&'b self, _: usize, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("INSERT INTO ");
        self.table.walk_ast(out.reborrow())?;
        out.push_sql(" (");
        out.push_identifier(T::TenantColumn::NAME)?;
        self.columns.walk_names(out.reborrow())?;
        out.push_sql(") SELECT ");
        self.tenant.walk_ast(out.reborrow())?;
        out.push_sql(", q.* FROM (");
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(") AS q");
        Ok(())
    }
}
