use std::fmt;

use diesel::connection::BoxableConnection;
use diesel::migration::{
    Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion, Result,
};
use diesel::pg::Pg;

/// The crow schema as a source of migrations for diesel's harness: one for each version of the schema.
///
/// Run it before the application's own migrations, with the same harness, at each deployment:
/// `connection.run_pending_migrations(CrowMigrations)`. A crow with a newer schema has one migration more, which brings an
/// older one up to date. The versions sort before every dated migration and
/// differ from that of the diesel CLI's own `00000000000000_diesel_initial_setup`, so neither hides the other. To revert the
/// first one takes the schema out; there is no way back to an older schema, so to revert the others does nothing.
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

/// The version of the migration that installs.
const FIRST: &str = "00000000000001";

impl MigrationSource<Pg> for CrowMigrations {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<Pg>>>> {
        let install = |version: i32| Install(format!("{version:014}"));
        Ok((1..=super::VERSION).map(|version| Box::new(install(version)) as Box<dyn Migration<Pg>>).collect())
    }
}

/// The same text for each version, as it upgrades in place.
///
/// One transaction, so that a failed statement leaves nothing behind; one message a statement, because
/// distributed engines forward a message of several as a whole.
struct Install(String);

impl Migration<Pg> for Install {
    fn run(&self, connection: &mut dyn BoxableConnection<Pg>) -> Result<()> {
        send(connection, super::install_statements())
    }

    fn revert(&self, connection: &mut dyn BoxableConnection<Pg>) -> Result<()> {
        if self.0 == FIRST { send(connection, super::uninstall_statements()) } else { Ok(()) }
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

impl MigrationMetadata for Install {
    fn run_in_transaction(&self) -> bool {
        true
    }
}

impl MigrationName for Install {
    fn version(&self) -> MigrationVersion<'_> {
        MigrationVersion::from(&self.0)
    }
}

impl fmt::Display for Install {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_crow", self.0)
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
