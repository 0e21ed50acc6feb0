//! `crow protect`.

use clap::Args;
use diesel::QueryableByName;
use diesel::sql_types::{Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::Outcome;
use super::database::{Url, lines, send, whereabouts};
use super::failure::Failure;
use super::install::installed;
use super::plan::{Consent, print};

/// Turn tables into protected tenant tables, or bring protected ones up to date.
///
/// Everything that keeps a table from being one is listed at once, and then nothing is changed. All tables are protected
/// in one transaction, in their partitions too.
#[derive(Args)]
#[command(after_help = "\
Names are as in SQL: quoted where need be, with a schema or by the search_path.

Examples:
  crow protect vehicles service_records
  crow protect --dry-run 'sales.\"Order\"'
  crow protect events --yes                # again, after adding a partition")]
pub(crate) struct Protect {
    /// Tables with a column tenant_id.
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<String>,
    #[command(flatten)]
    consent: Consent,
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
}

impl Protect {
    pub(crate) async fn run(self, url: &Url) -> Result<Outcome, Failure> {
        let conn = &mut url.connect().await?;
        if installed(conn).await?.is_none() {
            return Err(Failure::new("crow is not installed in this database: crow install"));
        }
        let mut statements = Vec::new();
        let mut defects = Vec::new();
        for table in &self.tables {
            let name = resolve(conn, table).await?;
            let literal = literal(&name);
            statements.push(format!("SELECT crow.protect({literal})"));
            defects.extend(
                lines(conn, &format!("SELECT defect AS line FROM crow.defects({literal}) AS defect")).await?,
            );
        }
        if !defects.is_empty() {
            let list: Vec<_> = defects.iter().map(|defect| format!("  {defect}")).collect();
            print(&format!("Nothing was changed. Mend this first:\n{}", list.join("\n")))?;
            return Ok(Outcome::Found);
        }
        let list: Vec<_> = statements.iter().map(|statement| format!("  {statement}")).collect();
        let plan = format!("Protect, in one transaction: {}\n{}", whereabouts(conn).await?, list.join("\n"));
        if self.consent.to(&plan)? {
            send(conn, &statements).await?;
            print("Done.")?;
        }
        Ok(Outcome::Clean)
    }
}

/// The name with its schema, as SQL spells it.
async fn resolve(conn: &mut AsyncPgConnection, table: &str) -> Result<String, Failure> {
    let sql = "SELECT CASE WHEN c.oid IS NOT NULL THEN pg_catalog.format('%I.%I', n.nspname, c.relname) END AS name
               FROM (SELECT pg_catalog.to_regclass($1) AS oid) AS given
               LEFT JOIN (pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace)
                 ON c.oid = given.oid";
    let quotes = "a name that SQL quotes needs its quotes here too";
    let known = diesel::sql_query(sql).bind::<Text, _>(table).load::<Known>(conn).await;
    let known =
        known.map_err(|error| Failure::new(format!("{table}: {}; {quotes}", Failure::from(error))))?;
    let name = known.into_iter().next().and_then(|known| known.name);
    name.ok_or_else(|| Failure::new(format!("there is no table {table}; {quotes}")))
}

fn literal(text: &str) -> String {
    let escape = if text.contains('\\') { "E" } else { "" };
    format!("{escape}'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
