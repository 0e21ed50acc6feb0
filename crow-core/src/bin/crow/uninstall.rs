//! `crow uninstall`.

use clap::Args;
use crow_core::schema::uninstall_statements;

use super::Outcome;
use super::database::{Url, lines, send, whereabouts};
use super::failure::Failure;
use super::install::installed;
use super::plan::{Consent, print};

/// Take the crow schema out, with its access log, and give back what it revoked.
///
/// As the role that installed. While tables are protected nothing is done.
#[derive(Args)]
#[command(after_help = "\
Examples:
  psql -c '\\copy crow.access_log TO access_log.csv CSV HEADER'    # keep the log
  crow uninstall --dry-run
  crow uninstall --yes")]
pub(crate) struct Uninstall {
    #[command(flatten)]
    consent: Consent,
}

impl Uninstall {
    pub(crate) async fn run(self, url: &Url) -> Result<Outcome, Failure> {
        let conn = &mut url.connect().await?;
        let Some(version) = installed(conn).await? else {
            return Err(Failure::new("crow is not installed in this database: there is nothing to take out"));
        };
        let accesses = "SELECT pg_catalog.count(*)::text AS line FROM crow.access_log";
        let accesses = match lines(conn, accesses).await {
            Ok(count) => format!("with {} accesses on record", count.concat()),
            Err(_) => "which this role cannot read".into(),
        };
        let plan = [
            format!("Take out crow's schema, version {version}: {}", whereabouts(conn).await?),
            format!("  drops schema crow and its access log, {accesses}"),
            "  gives back to PUBLIC what was taken".into(),
            "  drops the roles that no other database of the server uses".into(),
        ];
        if self.consent.to(&plan.join("\n"))? {
            send(conn, &uninstall_statements().collect::<Vec<_>>()).await?;
            print("Done, in one transaction.")?;
        }
        Ok(Outcome::Clean)
    }
}
