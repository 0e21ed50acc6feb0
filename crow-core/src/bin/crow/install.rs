//! `crow install` and `crow upgrade`.

use clap::Args;
use crow_core::schema::{INSTALL_SQL, VERSION, guard_statements, install_statements};
use diesel_async::AsyncPgConnection;

use super::Outcome;
use super::database::{Url, lines, send, whereabouts};
use super::failure::Failure;
use super::plan::{Consent, print};
use super::roles;

/// Install the crow schema: functions, roles, grants.
///
/// As a superuser, or as the database's owner with CREATEROLE; once per database. Over a schema that is there it does
/// what `crow upgrade` does.
#[derive(Args)]
#[command(after_help = "\
Examples:
  crow install --dry-run
  crow install --guard --yes
  crow install --print-sql > migrations/0001_crow/up.sql")]
pub(crate) struct Install {
    #[command(flatten)]
    consent: Consent,
    /// Have the server refuse tables with a tenant_id that nobody protects; takes a superuser.
    #[arg(long)]
    guard: bool,
    /// Print the SQL of the schema, and do nothing; no database is needed.
    #[arg(long)]
    print_sql: bool,
}

/// Bring an installed crow schema up to date, in place.
#[derive(Args)]
#[command(after_help = "\
Examples:
  crow upgrade --dry-run
  crow upgrade --yes")]
pub(crate) struct Upgrade {
    #[command(flatten)]
    consent: Consent,
}

impl Install {
    pub(crate) async fn run(self, url: &Url) -> Result<Outcome, Failure> {
        if self.print_sql {
            print(INSTALL_SQL.trim_end())?;
            return Ok(Outcome::Clean);
        }
        let conn = &mut url.connect().await?;
        let plan = match installed(conn).await? {
            None => format!("Install crow's schema, version {VERSION}"),
            Some(version) => format!("Bring crow's schema from version {version} to {VERSION}"),
        };
        install(conn, &plan, &self.consent, self.guard).await
    }
}

impl Upgrade {
    pub(crate) async fn run(self, url: &Url) -> Result<Outcome, Failure> {
        let conn = &mut url.connect().await?;
        let version = needed(conn).await?;
        let plan = format!("Bring crow's schema from version {version} to {VERSION}");
        install(conn, &plan, &self.consent, false).await
    }
}

/// The version that is there, for a command that needs one.
pub(crate) async fn needed(conn: &mut AsyncPgConnection) -> Result<String, Failure> {
    let missing = || Failure::new("crow is not installed in this database: crow install");
    installed(conn).await?.ok_or_else(missing)
}

/// The version that is there, as far as it can be read.
pub(crate) async fn installed(conn: &mut AsyncPgConnection) -> Result<Option<String>, Failure> {
    let sql =
        "SELECT coalesce(pg_catalog.substr(pg_catalog.pg_get_function_sqlbody(p.oid), 8), 'unknown') AS line
               FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
               WHERE n.nspname = 'crow' AND p.proname = 'version' AND p.pronargs = 0";
    Ok(lines(conn, sql).await?.pop())
}

async fn install(
    conn: &mut AsyncPgConnection,
    what: &str,
    consent: &Consent,
    guard: bool,
) -> Result<Outcome, Failure> {
    let missing = roles::missing(conn).await?;
    let roles =
        if missing.is_empty() { "are all there".into() } else { format!("are made: {}", missing.join(", ")) };
    let mut plan = vec![
        format!("{what}: {}", whereabouts(conn).await?),
        "  functions, the access log and grants, in schema crow".into(),
        format!("  roles of the whole server {roles}"),
        "  what lets one statement switch tenants or see other sessions is taken from PUBLIC, where that is yours to take".into(),
        "  CREATE and TEMPORARY on the database, and CREATE on schema public, are taken from PUBLIC".into(),
    ];
    let mut statements: Vec<_> = install_statements().collect();
    if guard {
        plan.push("  an event trigger refuses tables with tenant_id that nobody protects".into());
        statements.extend(guard_statements());
    }
    if !consent.to(&plan.join("\n"))? {
        return Ok(Outcome::Clean);
    }
    send(conn, &statements).await?;
    let mut done = vec!["Done, in one transaction.".to_owned()];
    if !missing.is_empty() {
        done.push("The new roles have no passwords yet: crow roles says what to run.".into());
    }
    done.push("What could not be taken from PUBLIC, crow audit names.".into());
    print(&done.join("\n"))?;
    Ok(Outcome::Clean)
}
