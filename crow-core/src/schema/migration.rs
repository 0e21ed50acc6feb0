use std::fmt;

use diesel::connection::BoxableConnection;
use diesel::migration::{
    Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion, Result,
};
use diesel::pg::Pg;

/// The crow schema as a source of one migration for diesel's harness.
///
/// Run it before the application's own migrations, with the same harness:
/// `connection.run_pending_migrations(CrowMigrations)`. Its version sorts before every dated migration and
/// differs from that of the diesel CLI's own `00000000000000_diesel_initial_setup`, so neither hides the other.
///
/// ```
/// use crow_core::schema::CrowMigrations;
/// use diesel::migration::MigrationSource;
/// use diesel::pg::Pg;
///
/// let migrations = MigrationSource::<Pg>::migrations(&CrowMigrations).unwrap();
/// assert_eq!(migrations[0].name().to_string(), "00000000000001_crow");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CrowMigrations;

impl MigrationSource<Pg> for CrowMigrations {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<Pg>>>> {
        Ok(vec![Box::new(Install)])
    }
}

/// One transaction, so that a failed statement leaves nothing behind; one message a statement, because
/// distributed engines forward a message of several as a whole.
struct Install;

impl Migration<Pg> for Install {
    fn run(&self, connection: &mut dyn BoxableConnection<Pg>) -> Result<()> {
        send(connection, super::install_statements())
    }

    fn revert(&self, connection: &mut dyn BoxableConnection<Pg>) -> Result<()> {
        send(connection, super::uninstall_statements())
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        &Name
    }
}

impl MigrationMetadata for Install {
    fn run_in_transaction(&self) -> bool {
        true
    }
}

struct Name;

impl MigrationName for Name {
    fn version(&self) -> MigrationVersion<'_> {
        MigrationVersion::from("00000000000001")
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_crow", self.version())
    }
}

fn send(
    connection: &mut dyn BoxableConnection<Pg>,
    statements: impl Iterator<Item = &'static str>,
) -> Result<()> {
    for statement in statements {
        connection.batch_execute(statement)?;
    }
    Ok(())
}
