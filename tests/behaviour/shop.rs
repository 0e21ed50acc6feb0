//! Two shops on a database of the test's own.

use std::error::Error as StdError;

use chrono::NaiveDate;
use crow_core::{Error, PoolBuilder, TenantId, TenantPool};
use crow_examples::MIGRATIONS;
use crow_examples::models::{NewServiceRecord, NewVehicle, ServiceRecord, Vehicle};
use crow_testkit::TestDb;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn StdError + Send + Sync>>;

/// The first shop has two Hondas and a Toyota, the second one Toyota; the first vehicle of each
/// has a service record.
pub(crate) struct Shops {
    pub(crate) db: TestDb,
    pub(crate) pool: TenantPool,
    pub(crate) ours: TenantId,
    pub(crate) theirs: TenantId,
}

impl Shops {
    pub(crate) async fn open() -> Outcome<Self> {
        Self::open_with(|pool| pool.max_size(4)).await
    }

    /// On one connection, so that each scope is given the one that the scope before left.
    pub(crate) async fn open_on_one_connection() -> Outcome<Self> {
        Self::open_with(|pool| pool.max_size(1)).await
    }

    pub(crate) async fn open_with(
        settings: impl FnOnce(PoolBuilder<TenantPool>) -> PoolBuilder<TenantPool>,
    ) -> Outcome<Self> {
        Self::on(database().await?, settings).await
    }

    /// On a database that is [prepared](prepare).
    pub(crate) async fn on(
        db: TestDb,
        settings: impl FnOnce(PoolBuilder<TenantPool>) -> PoolBuilder<TenantPool>,
    ) -> Outcome<Self> {
        let pool = settings(TenantPool::builder(db.tenant_url())).connect().await?;
        let (ours, theirs) = (TenantId::random(), TenantId::random());
        let stock: [(TenantId, &[(&str, &str)]); 2] = [
            (ours, &[("Honda", "Civic"), ("Honda", "Jazz"), ("Toyota", "Yaris")]),
            (theirs, &[("Toyota", "Corolla")]),
        ];
        for (shop, vehicles) in stock {
            pool.scope(shop, async |db| {
                let new: Vec<_> = vehicles.iter().map(|(make, model)| vehicle(make, model)).collect();
                let made: Vec<Vehicle> = db.insert_into::<Vehicle>().values(new).get_results(db).await?;
                db.insert_into::<ServiceRecord>().values(record(made[0].id, 100)).execute(db).await
            })
            .await?;
        }
        Ok(Self { db, pool, ours, theirs })
    }

    /// Sees and may do everything; for looking at a test's database from outside.
    pub(crate) async fn superuser(&self) -> Outcome<AsyncPgConnection> {
        superuser(&self.db).await
    }

    /// The models of all vehicles of a shop, as the superuser sees them.
    pub(crate) async fn models_of(&self, shop: TenantId) -> Outcome<Vec<String>> {
        let sql = format!("SELECT model AS text FROM vehicles WHERE tenant_id = '{shop}' ORDER BY model");
        texts(&mut self.superuser().await?, &sql).await
    }

    /// All that either shop has, in a form that two moments can be compared by.
    pub(crate) async fn everything(&self) -> Outcome<Vec<String>> {
        let sql = "SELECT v::text AS text FROM vehicles v UNION ALL SELECT r::text FROM service_records r \
                   UNION ALL SELECT j::text FROM jobs j ORDER BY 1";
        texts(&mut self.superuser().await?, sql).await
    }
}

/// The examples' schema and that of `crow_tests::job`.
pub(crate) async fn database() -> Outcome<TestDb> {
    let db = TestDb::new(MIGRATIONS).await?;
    prepare(&db).await?;
    Ok(db)
}

/// Adds what the examples' migrations do not have.
pub(crate) async fn prepare(db: &TestDb) -> Outcome {
    let mut owner = AsyncPgConnection::establish(&db.owner_url()).await?;
    Ok(owner.batch_execute(include_str!("jobs.sql")).await?)
}

pub(crate) async fn superuser(db: &TestDb) -> Outcome<AsyncPgConnection> {
    Ok(AsyncPgConnection::establish(&db.database().superuser_url()).await?)
}

/// A vehicle whose plate is its model.
pub(crate) fn vehicle<'a>(make: &'a str, model: &'a str) -> NewVehicle<'a> {
    NewVehicle { make, model, year: 2020, plate: model }
}

pub(crate) fn record(vehicle_id: uuid::Uuid, cents: i64) -> NewServiceRecord<'static> {
    NewServiceRecord { vehicle_id, work: "oil", cents, done_on: day() }
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 12).expect("a day of the calendar")
}

#[derive(Debug, QueryableByName)]
pub(crate) struct TextRow {
    #[diesel(sql_type = Text)]
    pub(crate) text: String,
}

#[derive(Debug, QueryableByName)]
pub(crate) struct NumberRow {
    #[diesel(sql_type = BigInt)]
    pub(crate) number: i64,
}

/// The column `text` of each row.
pub(crate) async fn texts(conn: &mut AsyncPgConnection, sql: &str) -> Outcome<Vec<String>> {
    let rows: Vec<TextRow> = diesel::sql_query(sql).load(conn).await?;
    Ok(rows.into_iter().map(|row| row.text).collect())
}

/// The column `number` of the only row.
pub(crate) async fn number(conn: &mut AsyncPgConnection, sql: &str) -> Outcome<i64> {
    Ok(diesel::sql_query(sql).get_result::<NumberRow>(conn).await?.number)
}

/// Raw SQL in a scope, its column `text`.
pub(crate) async fn raw_texts(db: &crow_core::TenantConn<'_>, sql: &str) -> Result<Vec<String>, Error> {
    let rows: Vec<TextRow> = db.rls_only(diesel::sql_query(sql)).load(db).await?;
    Ok(rows.into_iter().map(|row| row.text).collect())
}

/// The server process that serves a scope.
pub(crate) async fn backend(db: &crow_core::TenantConn<'_>) -> Result<i64, Error> {
    let sql = diesel::sql_query("SELECT pg_backend_pid()::bigint AS number");
    Ok(db.rls_only(sql).get_result::<NumberRow>(db).await?.number)
}
