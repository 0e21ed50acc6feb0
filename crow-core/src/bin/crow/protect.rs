//! `crow protect`.

use clap::Args;

use super::Outcome;
use super::database::{Url, find, lines, send, whereabouts};
use super::failure::Failure;
use super::install::needed;
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

impl Protect {
    pub(crate) async fn run(self, url: &Url) -> Result<Outcome, Failure> {
        let conn = &mut url.connect().await?;
        needed(conn).await?;
        let mut statements = Vec::new();
        let mut defects = Vec::new();
        for table in &self.tables {
            let literal = literal(&find(conn, table).await?.to_string());
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

fn literal(text: &str) -> String {
    let escape = if text.contains('\\') { "E" } else { "" };
    format!("{escape}'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
