//! A tenant of a test, with its rows.

use std::fmt;

use crow_core::bounds::{AsyncFunc, Loads, NewRows, RowOf, RowSet, Rows, ScopedTable};
use crow_core::{TenantConn, TenantId, TenantModel};
use diesel::pg::Pg;
use diesel::query_builder::QueryFragment;
use diesel::query_source::QuerySource;

use crate::given::Columns;
use crate::one_row::OneRow;
use crate::{Error, TestDb, sql};

/// A tenant in a test's database, from [`TestDb::tenant`], or an argument of a [`test`](crate::test).
///
/// It makes rows of any model: what a test does not say is filled in, with values that no other row has and parents that
/// are made first, see [`Filler`](crate::Filler).
///
/// ```no_run
/// # use crow_core::TenantModel;
/// # use diesel::prelude::*;
/// # use uuid::Uuid;
/// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
/// # diesel::table! { service_records (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, vehicle_id -> Uuid } }
/// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
/// # #[diesel(table_name = vehicles, primary_key(id))]
/// # struct Vehicle { id: Uuid, make: String }
/// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
/// # #[diesel(table_name = service_records, primary_key(id))]
/// # struct ServiceRecord { id: Uuid }
/// # async fn test(db: crow_testkit::TestDb) -> Result<(), Box<dyn std::error::Error>> {
/// let shop = db.tenant("honda-shop");
/// let civic = shop.insert::<Vehicle>(vehicles::make.eq("Honda")).await?;
/// let records = shop.insert_all::<ServiceRecord>(vec![service_records::vehicle_id.eq(civic.id); 3]).await?;
/// let any = shop.some::<ServiceRecord>().await?; // and a vehicle, to which it belongs
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Tenant {
    db: TestDb,
    id: TenantId,
    name: String,
}

impl Tenant {
    pub(crate) fn new(db: TestDb, id: TenantId, name: String) -> Self {
        Self { db, id, name }
    }

    /// What the application knows it by.
    #[must_use]
    pub fn id(&self) -> TenantId {
        self.id
    }

    /// What the test calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs the closure as the tenant, on the [pool](TestDb::tenant_pool) of the application's role: see
    /// [`TenantPool::scope`](crow_core::TenantPool::scope).
    ///
    /// # Errors
    ///
    /// Those of the closure, of `scope`, and of [`TestDb::tenant_pool`].
    pub async fn scope<F, R, E>(&self, work: F) -> Result<R, E>
    where
        F: for<'r, 't> AsyncFnOnce(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r, 't> AsyncFunc<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send,
        R: Send,
        E: From<crow_core::Error> + Send,
    {
        self.db.tenant_pool().await?.scope(self.id, work).await
    }

    /// A row with these values, and others where it needs them: a struct that derives `Insertable`, `column.eq(value)`,
    /// or a tuple of these.
    ///
    /// # Errors
    ///
    /// [`Error::Fill`] with what is in the way, as for [`RowBuilder::insert`](crate::RowBuilder::insert); [`Error::Connect`].
    pub async fn insert<M>(
        &self,
        values: impl NewRows<M::Table, Rows: RowSet<'static, M::Table>>,
    ) -> Result<M, Error>
    where
        M: TenantModel<Key: QueryFragment<Pg>>,
        RowOf<M>: Loads<M>,
    {
        let (table, rows) = (table::<M>(), values.into_rows());
        let mut given = self.db.evaluate::<M::Table>(&table, &rows).await?;
        match (given.pop(), given.len()) {
            (Some(columns), 0) => self.fill(&table, columns).await,
            _ => Err(Error::Fill {
                table,
                reason: format!("one row was asked for, and {} were given", rows.count()),
                cure: "Take `insert_all` for a list".into(),
            }),
        }
    }

    /// A row for each that is given.
    ///
    /// # Errors
    ///
    /// As for [`insert`](Self::insert). Rows before the one in question stay.
    pub async fn insert_all<M>(
        &self,
        values: impl NewRows<M::Table, Rows: RowSet<'static, M::Table>>,
    ) -> Result<Vec<M>, Error>
    where
        M: TenantModel<Key: QueryFragment<Pg>>,
        RowOf<M>: Loads<M>,
    {
        let table = table::<M>();
        let given = self.db.evaluate::<M::Table>(&table, &values.into_rows()).await?;
        let mut rows = Vec::with_capacity(given.len());
        for columns in given {
            rows.push(self.fill(&table, columns).await?);
        }
        Ok(rows)
    }

    /// A row of which nothing matters but that it is there.
    ///
    /// # Errors
    ///
    /// As for [`insert`](Self::insert).
    pub async fn some<M>(&self) -> Result<M, Error>
    where
        M: TenantModel<Key: QueryFragment<Pg>>,
        RowOf<M>: Loads<M>,
    {
        self.fill(&table::<M>(), Columns::new()).await
    }

    async fn fill<M>(&self, table: &str, columns: Columns) -> Result<M, Error>
    where
        M: TenantModel<Key: QueryFragment<Pg>>,
        RowOf<M>: Loads<M>,
    {
        let filled = {
            let mut filler = self.db.filler().await?;
            let row =
                columns.into_iter().fold(filler.row(table, self.id), |row, (column, value)| match value {
                    Some(value) => row.set(column, value),
                    None => row.null(column),
                });
            row.insert().await?
        };
        let found: Result<M, crow_core::Error> =
            self.scope(async |db| db.rls_only(OneRow::<M>::new(&filled)).get_result(db).await).await;
        found.map_err(|error| Error::Fill {
            table: table.to_owned(),
            reason: format!("the row is there, but the application could not read it: {error}"),
            cure: "Look at the application's grants, and whether the model fits the table".into(),
        })
    }
}

impl From<Tenant> for TenantId {
    fn from(tenant: Tenant) -> Self {
        tenant.id
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tenant({} = {})", self.name, self.id)
    }
}

/// As SQL spells it.
fn table<M: TenantModel>() -> String {
    sql::text(&M::Table::table().from_clause())
}
