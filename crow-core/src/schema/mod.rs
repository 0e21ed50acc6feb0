//! The database side of crow: schema `crow`, its roles and its grants.
//!
//! Install it once per database, before the first migration that calls `crow.protect`:
//!
//! * with diesel's migration harness: [`CrowMigrations`];
//! * with the diesel CLI: write [`INSTALL_SQL`] and [`UNINSTALL_SQL`] to `up.sql` and `down.sql` of a first
//!   migration, and [`INSTALL_SQL`] to that of a new one when [`VERSION`] has changed;
//! * with anything else: send [`install_statements`] one by one, or `psql -f` the text.
//!
//! Installing needs a superuser, or the owner of the database with CREATEROLE. The second kind, which is all
//! that managed servers have, cannot revoke what system functions grant to everybody; crow says so when a pool
//! connects. The SQL itself documents what each function and grant is for.
//!
//! ```
//! use crow_core::schema::install_statements;
//! use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
//!
//! async fn install(connection: &mut AsyncPgConnection) -> diesel::QueryResult<()> {
//!     for statement in install_statements() {
//!         connection.batch_execute(statement).await?;
//!     }
//!     Ok(())
//! }
//! ```
//!
//! Then create tables: with [`TableMigrations`], which takes [`TenantTable`]s and [`SharedTable`]s and gives migrations and
//! their SQL, or with SQL of your own that ends in `SELECT crow.protect('table')`. Tables that exist are turned into
//! tenant tables by an [`Adoption`].
//!
//! Roles belong to the whole cluster and get no password here: `ALTER ROLE crow_app PASSWORD ..` is for the
//! administrator. `CREATE DATABASE .. TEMPLATE` copies the schema, but not the grants on the database itself;
//! install again in the copy.

mod adoption;
mod functions;
#[cfg(feature = "jobs")]
mod job_runs;
mod migration;
mod table;

pub(crate) use self::functions::{Function, functions};

pub use self::adoption::{Adoption, Plan, Step, Weight};
#[cfg(feature = "jobs")]
pub use self::job_runs::job_runs;
pub use self::migration::CrowMigrations;
pub use self::table::{
    Column, Name, Reference, SharedTable, Table, TableMigration, TableMigrations, TenantTable, Type,
    UnknownType,
};

/// The version of the schema that this crate installs and works with: what `crow.version()` returns.
pub const VERSION: i32 = 3;

/// The SQL that installs the schema, or brings an older one up to date; running it twice changes nothing.
pub const INSTALL_SQL: &str = include_str!("install.sql");

/// The SQL that takes the schema out again, with its access log.
///
/// It refuses while tables are protected, and leaves roles alone that another database uses.
pub const UNINSTALL_SQL: &str = include_str!("uninstall.sql");

/// The SQL that makes the server refuse, at COMMIT, a table with a column `tenant_id` that its transaction has created and
/// not protected; running it twice changes nothing.
///
/// A superuser runs it once per database, after [`INSTALL_SQL`]. It is not part of that, because on managed servers nobody
/// may have an event trigger. Tables that get the column later are the audit's to find.
pub const GUARD_SQL: &str = include_str!("guard.sql");

/// The SQL that takes the guard out again; [`UNINSTALL_SQL`] does as well.
pub const UNGUARD_SQL: &str = include_str!("unguard.sql");

/// The statements of [`INSTALL_SQL`], in order, each to be sent as a message of its own.
pub fn install_statements() -> impl Iterator<Item = &'static str> {
    statements(INSTALL_SQL)
}

/// Those of [`install_statements`] that look at the server's version, make crow's roles, and have the migrator act for the owner.
pub fn role_statements() -> impl Iterator<Item = &'static str> {
    install_statements().take(3)
}

/// The statements of [`UNINSTALL_SQL`], in order, each to be sent as a message of its own.
pub fn uninstall_statements() -> impl Iterator<Item = &'static str> {
    statements(UNINSTALL_SQL)
}

/// The statements of [`GUARD_SQL`], in order, each to be sent as a message of its own.
pub fn guard_statements() -> impl Iterator<Item = &'static str> {
    statements(GUARD_SQL)
}

/// The statements of [`UNGUARD_SQL`], in order, each to be sent as a message of its own.
pub fn unguard_statements() -> impl Iterator<Item = &'static str> {
    statements(UNGUARD_SQL)
}

/// The files keep blank lines between statements and nowhere else, which spares a parser of dollar quotes.
fn statements(sql: &'static str) -> impl Iterator<Item = &'static str> {
    sql.split("\n\n").map(str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_one_whole_statement() {
        let (install, guard) = (install_statements(), guard_statements());
        assert!(role_statements().last().is_some_and(|statement| statement.contains("GRANT crow_owner TO")));
        for statement in install.chain(uninstall_statements()).chain(guard).chain(unguard_statements()) {
            assert!(statement.ends_with(';'), "cut in two by a blank line:\n{statement}");
            assert_eq!(statement.matches("$$").count() % 2, 0, "cut in a body:\n{statement}");

            let (body, _) = statement.rsplit_once('\n').unwrap_or_default();
            let ended_early = body.lines().any(|line| line.ends_with(';') && !line.starts_with([' ', '-']));
            assert!(!ended_early, "more than one statement:\n{statement}");
        }
    }

    #[test]
    fn the_sql_speaks_of_this_version() {
        let body = format!("RETURN {VERSION}");
        assert!(INSTALL_SQL.contains(&format!(
            "crow.version() RETURNS pg_catalog.int4\nLANGUAGE sql IMMUTABLE PARALLEL SAFE\n{body};"
        )));
        let rules = include_str!("../audit/rules/crow.sql");
        assert!(rules.contains(&format!("IS DISTINCT FROM '{body}'")));
        assert!(rules.contains(&format!("this crow needs {body}'")));
    }
}
