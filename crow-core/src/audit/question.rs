//! Asking everything, of one database, on behalf of one role.

use std::sync::LazyLock;

use diesel::QueryableByName;
use diesel::pg::Pg;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Oid, Text};
use diesel_async::{
    AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection, TransactionManager,
};

use super::report::Report;
use super::rule::{Found, audit, in_order};
use crate::column::{ModelColumn, ModelType};
use crate::error::Error;
use crate::model::{Protection, models};
use crate::schema::{Function, functions};

/// The first minor releases that have all fixes of row-level security that are known, as `server_version_num`
/// spells them. Those of November 2026.
const FLOORS: [i32; 4] = [150_020, 160_016, 170_012, 180_007];

type Manager = <AsyncPgConnection as AsyncConnection>::TransactionManager;

/// Where the session looks names up.
const PATH: &str = "SELECT pg_catalog.current_schemas(false)::pg_catalog.text[] AS path";

/// For the statement that asks. Operators in it are looked up in PostgreSQL's own schema, whatever the session's search_path
/// puts before it. Without statistics, as in a database that has just been migrated, the server would compile the
/// statement for longer than it runs.
const SETTINGS: &str = "SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL jit = off";

/// The admin role that crow installs.
const ADMIN: &str = "crow_admin";

/// Audits the database behind a connection, as [`Audit::new`] describes it.
///
/// The connection may be the owner's, the admin's ([`AdminConn`](crate::AdminConn) derefs to what is taken here),
/// the application's or a superuser's: catalogs are all that is read, in one query. It changes nothing, and leaves a
/// transaction that the connection is in as it was.
///
/// # Errors
///
/// [`Error::Connection`] if the connection breaks, and what the server answers in a transaction that has failed.
/// What is wrong with the database is no error but a [`Finding`](super::Finding).
pub async fn run(conn: &mut AsyncPgConnection) -> Result<Report, Error> {
    Audit::new().run(conn).await
}

/// What an audit is about: a role, and the tables that it is expected to find.
///
/// ```no_run
/// # async fn test(conn: &mut diesel_async::AsyncPgConnection) -> Result<(), crow_core::Error> {
/// use crow_core::audit::Audit;
///
/// let report = Audit::new().role("shop_app").shared_table("makes").run(conn).await?;
/// println!("{report}");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Audit {
    /// As the facts take it: empty for whoever asks.
    role: Option<String>,
    admin: String,
    tables: Tables,
    floors: Vec<i32>,
}

impl Default for Audit {
    fn default() -> Self {
        Self::new()
    }
}

impl Audit {
    /// Of the role `crow_app`, or of the connection's own if that is a member of it; of the admin role `crow_admin`;
    /// of the tables of all [models](crate::models()) of this program.
    ///
    /// A program without models, such as the `crow` command, cannot tell which tables a model lacks; everything else
    /// is asked.
    pub fn new() -> Self {
        Self { role: None, admin: ADMIN.into(), tables: Tables::of_models(), floors: FLOORS.into() }
    }

    pub(super) fn of_whoever_asks(tables: Tables) -> Self {
        Self { role: Some(String::new()), admin: String::new(), tables, floors: Vec::new() }
    }

    /// Of whoever asks as the application, and of all else that [`new`](Self::new) says.
    pub(crate) fn of_the_pool() -> Self {
        Self { role: Some(String::new()), ..Self::new() }
    }

    /// Of this role as the application's.
    pub fn role(self, role: impl Into<String>) -> Self {
        Self { role: Some(role.into()), ..self }
    }

    /// Of this role as the admin's.
    pub fn admin(self, role: impl Into<String>) -> Self {
        Self { admin: role.into(), ..self }
    }

    /// Expects no tables of this program's models: for another program's database.
    pub fn without_models(self) -> Self {
        Self { tables: Tables::default(), ..self }
    }

    /// Expects a tenant table beside those of the models; a name as SQL spells it, quoted where need be.
    pub fn tenant_table(mut self, name: impl Into<String>) -> Self {
        self.tables.tenant.push(name.into());
        self
    }

    /// Expects a shared table beside those of the models; a name as SQL spells it, quoted where need be.
    pub fn shared_table(mut self, name: impl Into<String>) -> Self {
        self.tables.shared.push(name.into());
        self
    }

    /// Demands this minor release of a major release, such as `(15, 21)`, in place of the one that crow knows of.
    pub fn at_least(mut self, major: u16, minor: u16) -> Self {
        let major = i32::from(major);
        self.floors.retain(|floor| floor / 10_000 != major);
        self.floors.push(major * 10_000 + i32::from(minor));
        self
    }

    /// Demands no minor release: for a test, whose server is not the one that counts.
    pub fn any_minor_release(mut self) -> Self {
        self.floors.clear();
        self
    }

    /// Audits the database behind a connection; see [`run`].
    ///
    /// # Errors
    ///
    /// As for [`run`], and [`Error::Other`] for a table's name that is none.
    pub async fn run(self, conn: &mut AsyncPgConnection) -> Result<Report, Error> {
        Manager::begin_transaction(conn).await?;
        let report = self.ask(conn).await;
        Manager::rollback_transaction(conn).await?;
        report
    }

    async fn ask(self, conn: &mut AsyncPgConnection) -> Result<Report, Error> {
        static SQL: LazyLock<String> = LazyLock::new(audit);
        let path: Vec<Path> = diesel::sql_query(PATH).load(conn).await?;
        conn.batch_execute(SETTINGS).await?;
        let path = path.into_iter().map(|Path { path }| path).next();
        let rows: Vec<Row> = self.bind(&SQL, path).load(conn).await?;
        let [Row { database, role, server, tables, .. }, ..] = &rows[..] else { return Err(Error::NotFound) };
        let (database, role, server) = (database.clone(), role.clone(), server.clone());
        let tables = u64::try_from(*tables).unwrap_or_default();
        let findings = in_order(rows.into_iter().filter_map(Row::found));
        Ok(Report { database, role, server, tables, findings, accepted: Vec::new() })
    }

    /// The binds that the facts name.
    pub(super) fn bind(self, sql: &str, path: Option<Vec<String>>) -> BoxedSqlQuery<'_, Pg, SqlQuery> {
        let (mut names, mut bodies, mut attributes) = (Vec::new(), Vec::new(), Vec::new());
        for Function { name, body, attributes: words } in functions() {
            names.push(name);
            bodies.push(body);
            attributes.push(words);
        }
        let columns = self.tables.columns;
        diesel::sql_query(sql)
            .into_boxed::<Pg>()
            .bind::<Array<Text>, _>(self.tables.tenant)
            .bind::<Array<Text>, _>(self.tables.shared)
            .bind::<Nullable<Text>, _>(self.role)
            .bind::<Text, _>(self.admin)
            .bind::<Array<Integer>, _>(self.floors)
            .bind::<Array<Text>, _>(names)
            .bind::<Array<Nullable<Text>>, _>(bodies)
            .bind::<Array<Text>, _>(attributes)
            .bind::<Nullable<Array<Text>>, _>(path)
            .bind::<Array<Text>, _>(columns.tables)
            .bind::<Array<Text>, _>(columns.names)
            .bind::<Array<Bool>, _>(columns.nullable)
            .bind::<Array<Oid>, _>(columns.types)
            .bind::<Array<Nullable<Text>>, _>(columns.type_names)
            .bind::<Array<Nullable<Text>>, _>(columns.type_schemas)
            .bind::<Array<Bool>, _>(columns.arrays)
    }
}

/// Tables that are expected, by their names in SQL.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    tenant: Vec<String>,
    shared: Vec<String>,
    columns: Columns,
}

impl Tables {
    pub(super) fn of_models() -> Self {
        let mut tables = Self::default();
        for entry in models() {
            let name = entry.table();
            for column in entry.columns() {
                tables.columns.push(&name, column);
            }
            match entry.protection {
                Protection::Tenant => tables.tenant.push(name),
                Protection::Shared => tables.shared.push(name),
            }
        }
        tables
    }
}

/// The columns of the tables of models, as the facts take them.
#[derive(Debug, Clone, Default)]
struct Columns {
    tables: Vec<String>,
    names: Vec<&'static str>,
    nullable: Vec<bool>,
    types: Vec<u32>,
    type_names: Vec<Option<String>>,
    type_schemas: Vec<Option<String>>,
    arrays: Vec<bool>,
}

impl Columns {
    fn push(&mut self, table: &str, column: ModelColumn) {
        let (number, schema, name, array) = match column.sql_type {
            ModelType::BuiltIn(number) => (number, None, None, false),
            ModelType::Named { schema, name, array } => (0, schema, Some(name), array),
        };
        self.tables.push(table.to_owned());
        self.names.push(column.name);
        self.nullable.push(column.nullable);
        self.types.push(number);
        self.type_names.push(name);
        self.type_schemas.push(schema);
        self.arrays.push(array);
    }
}

#[derive(QueryableByName)]
struct Path {
    #[diesel(sql_type = Array<Text>)]
    path: Vec<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    database: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Text)]
    server: String,
    #[diesel(sql_type = BigInt)]
    tables: i64,
    #[diesel(sql_type = Nullable<Integer>)]
    rule: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    object: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    problem: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    cure: Option<String>,
}

impl Row {
    fn found(self) -> Option<Found> {
        Some(Found { rule: self.rule?, object: self.object?, problem: self.problem?, cure: self.cure? })
    }
}
