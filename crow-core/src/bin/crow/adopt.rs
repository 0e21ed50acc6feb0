//! `crow adopt`.

use clap::Args;
use crow_core::schema::Adoption;

use super::Outcome;
use super::database::{Url, find, whereabouts};
use super::failure::Failure;
use super::install::needed;
use super::plan::{Consent, Progress, print};

/// Turn tables that exist, with their rows, into protected tenant tables, while the application runs.
///
/// The plan is what is left to do, step by step, as SQL. Where it was interrupted, run it again. One step
/// swaps the keys and protects all of the tables at once: from then on the application has to enter a tenant.
#[derive(Args)]
#[command(after_help = "\
Name all tables that refer to each other. Behind `=` stands what the tenant of a row is, in SQL,
for a table without tenant_id, or with rows that have none.

Examples:
  crow adopt customers=account_id invoices --dry-run > plan.sql
  crow adopt customers=account_id \\
    'orders=(SELECT c.tenant_id FROM customers AS c WHERE c.id = orders.customer_id)'")]
pub(crate) struct Adopt {
    /// Tables, each with its expression if it needs one.
    #[arg(required = true, value_name = "TABLE[=SQL]")]
    tables: Vec<String>,
    /// Stop before the step from which on the application has to enter a tenant.
    #[arg(long)]
    until_cut_over: bool,
    #[command(flatten)]
    consent: Consent,
}

impl Adopt {
    pub(crate) async fn run(self, url: &Url) -> Result<Outcome, Failure> {
        let conn = &mut url.connect().await?;
        needed(conn).await?;
        let mut adoption = Adoption::new();
        for table in &self.tables {
            let (table, expression) = split(table);
            let name = find(conn, table).await?;
            adoption = match expression {
                Some(expression) => adoption.backfill(name, expression),
                None => adoption.table(name),
            };
        }
        if self.until_cut_over {
            adoption = adoption.until_cut_over();
        }
        let plan = adoption.plan(conn).await?;
        if self.consent.to(&format!("-- Adopt: {}\n{plan}", whereabouts(conn).await?))? {
            let progress = Progress::of(plan.steps().len());
            let mut done = 0;
            adoption
                .run(conn, |step| {
                    done += 1;
                    progress.tell(done, &step.purpose);
                })
                .await?;
            drop(progress);
            print("Done.")?;
        }
        Ok(Outcome::Clean)
    }
}

/// At the first `=` that does not stand in a quoted name.
fn split(argument: &str) -> (&str, Option<&str>) {
    let mut quoted = false;
    let at = argument.find(|letter| {
        quoted ^= letter == '"';
        letter == '=' && !quoted
    });
    at.map_or((argument, None), |at| (&argument[..at], Some(&argument[at + 1..])))
}
