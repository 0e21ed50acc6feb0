//! `crow roles`.

use clap::Args;
use crow_core::schema::role_statements;
use diesel::sql_types::{Array, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::Outcome;
use super::database::{Line, Url, lines, send, whereabouts};
use super::failure::Failure;
use super::matrix::align;
use super::plan::{Consent, print};

/// Show crow's roles and what is still to grant, or make the roles that are missing.
#[derive(Args)]
#[command(after_help = "\
Roles belong to the whole server. crow install makes them too; this is for where somebody else makes roles.

Examples:
  crow roles
  crow roles --create --dry-run
  crow roles --create --yes")]
pub(crate) struct Roles {
    /// Make the roles that are missing, and correct the attributes of the others.
    #[arg(long)]
    create: bool,
    #[command(flatten)]
    consent: Consent,
}

/// The roles, and what they are for.
const ROLES: [(&str, &str, &str); 5] = [
    ("crow_owner", "NOLOGIN", "owns tables and functions"),
    ("crow_migrator", "LOGIN BYPASSRLS", "migrations, backfills, dumps; acts for crow_owner"),
    ("crow_app", "LOGIN", "the application, one tenant at a time"),
    ("crow_admin", "LOGIN BYPASSRLS", "access across tenants, on record"),
    ("crow_open", "LOGIN", "work without a tenant, such as a login"),
];

/// Those that log in, with a password and the right to connect.
const LOGINS: [&str; 4] = ["crow_app", "crow_admin", "crow_open", "crow_migrator"];

const STATE: &str = "
    SELECT r.rolname || E'\\t' || pg_catalog.concat_ws(' ',
      CASE WHEN r.rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END, CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END,
      CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
      CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, CASE WHEN r.rolreplication THEN 'REPLICATION' END) AS line
    FROM pg_catalog.pg_roles AS r WHERE r.rolname = ANY ($1)";

/// The names of crow's roles.
pub(crate) fn names() -> [&'static str; 5] {
    ROLES.map(|(name, ..)| name)
}

/// Those of crow's roles that nobody has made.
pub(crate) async fn missing(conn: &mut AsyncPgConnection) -> Result<Vec<&'static str>, Failure> {
    let state = state(conn).await?;
    Ok(names().into_iter().filter(|name| attributes(&state, name).is_none()).collect())
}

async fn state(conn: &mut AsyncPgConnection) -> Result<Vec<Line>, Failure> {
    Ok(diesel::sql_query(STATE).bind::<Array<Text>, _>(names().to_vec()).load(conn).await?)
}

fn attributes<'a>(state: &'a [Line], name: &str) -> Option<&'a str> {
    state.iter().find_map(|Line { line }| {
        line.split_once('\t').filter(|(role, _)| *role == name).map(|(_, attributes)| attributes)
    })
}

impl Roles {
    pub(crate) async fn run(self, url: &Url) -> Result<Outcome, Failure> {
        let conn = &mut url.connect().await?;
        let state = state(conn).await?;
        let rows = ROLES.map(|(name, wanted, purpose)| {
            let found = match attributes(&state, name) {
                None => "missing".to_owned(),
                Some(found) if found == wanted => found.to_owned(),
                Some(found) => format!("{found}, should be {wanted}"),
            };
            vec![name.to_owned(), found, purpose.to_owned()]
        });
        let wrong = ROLES.iter().filter(|(name, wanted, _)| attributes(&state, name) != Some(wanted)).count();
        if !self.create {
            print(&align(&rows))?;
            print(&next_steps(conn, wrong > 0).await?)?;
            return Ok(if wrong > 0 { Outcome::Found } else { Outcome::Clean });
        }
        let plan = format!(
            "Make and correct roles of the whole server: {}\n{}",
            whereabouts(conn).await?,
            align(&rows)
        );
        if self.consent.to(&plan)? {
            send(conn, &role_statements().collect::<Vec<_>>()).await?;
            print("Done, in one transaction.")?;
        }
        Ok(Outcome::Clean)
    }
}

/// What nobody but the administrator can do.
async fn next_steps(conn: &mut AsyncPgConnection, missing: bool) -> Result<String, Failure> {
    let database =
        lines(conn, "SELECT pg_catalog.quote_ident(pg_catalog.current_database()) AS line").await?.concat();
    let mut steps = Vec::new();
    if missing {
        steps.push("-- First: crow roles --create, or crow install".to_owned());
    }
    steps.push(
        "-- Passwords are the administrator's; in psql, \\password crow_app keeps them out of its history."
            .into(),
    );
    for role in LOGINS {
        steps.push(format!("ALTER ROLE {role} PASSWORD '..';"));
    }
    steps.push("-- A login of the application's own instead of crow_app:".into());
    steps.push("CREATE ROLE shop_app LOGIN IN ROLE crow_app;".into());
    steps.push("-- Who may connect:".into());
    steps.push(format!("REVOKE CONNECT ON DATABASE {database} FROM PUBLIC;"));
    steps.push(format!("GRANT CONNECT ON DATABASE {database} TO {};", LOGINS.join(", ")));
    steps.push("-- Reference data, which every tenant reads:".into());
    steps.push(
        "GRANT SELECT ON makes TO crow_app, crow_admin; COMMENT ON TABLE makes IS 'crow: shared';".into(),
    );
    Ok(format!("\n{}", steps.join("\n")))
}
