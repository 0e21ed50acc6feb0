//! The database that a command is about.

use clap::Args;
use crow_core::schema::Name;
use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::failure::Failure;
use super::plan::Progress;

#[derive(Args)]
pub(crate) struct Url {
    /// The database; with a password keep it in the environment, where others on the machine do not see it.
    #[arg(
        long = "database-url",
        visible_alias = "url",
        value_name = "URL",
        env = "DATABASE_URL",
        hide_env_values = true,
        global = true
    )]
    url: Option<String>,
}

impl Url {
    pub(crate) async fn connect(&self) -> Result<AsyncPgConnection, Failure> {
        let Some(url) = self.url.as_deref().filter(|url| !url.is_empty()) else {
            return Err(Failure::new("which database? Set DATABASE_URL, or say --database-url"));
        };
        Ok(crow_core::connect(url).await?)
    }
}

/// A row of one text.
#[derive(QueryableByName)]
pub(crate) struct Line {
    #[diesel(sql_type = Text)]
    pub(crate) line: String,
}

/// The column `line` of a query.
pub(crate) async fn lines(conn: &mut AsyncPgConnection, sql: &str) -> Result<Vec<String>, Failure> {
    let lines: Vec<Line> = diesel::sql_query(sql).load(conn).await?;
    Ok(lines.into_iter().map(|Line { line }| line).collect())
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    schema: String,
    #[diesel(sql_type = Text)]
    name: String,
}

/// A table by the name that SQL would find it under.
pub(crate) async fn find(conn: &mut AsyncPgConnection, table: &str) -> Result<Name, Failure> {
    let sql = "SELECT n.nspname::text AS schema, c.relname::text AS name
               FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
               WHERE c.oid = pg_catalog.to_regclass($1)";
    let quotes = "a name that SQL quotes needs its quotes here too";
    let found = diesel::sql_query(sql).bind::<Text, _>(table).load::<Found>(conn).await;
    let found =
        found.map_err(|error| Failure::new(format!("{table}: {}; {quotes}", Failure::from(error))))?;
    match &found[..] {
        [Found { schema, name }, ..] => Ok(Name::from((&**schema, &**name))),
        [] => Err(Failure::new(format!("there is no table {table}; {quotes}"))),
    }
}

/// The database and the role, for a plan's first line.
pub(crate) async fn whereabouts(conn: &mut AsyncPgConnection) -> Result<String, Failure> {
    let sql =
        "SELECT pg_catalog.format('database %I, as %I', pg_catalog.current_database(), current_user) AS line";
    Ok(lines(conn, sql).await?.concat())
}

/// Sends each statement as a message of its own, all of them in one transaction.
pub(crate) async fn send(
    conn: &mut AsyncPgConnection,
    statements: &[impl AsRef<str> + Sync],
) -> Result<(), Failure> {
    let progress = Progress::of(statements.len());
    conn.transaction(async |conn| {
        for (number, statement) in statements.iter().enumerate() {
            progress.show(number);
            conn.batch_execute(statement.as_ref()).await?;
        }
        Ok::<_, Failure>(())
    })
    .await
}
