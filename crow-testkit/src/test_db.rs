//! A migrated database with crow's roles, for one test.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crow_core::schema::{CrowMigrations, INSTALL_SQL};
use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};

use crate::name;
use crate::session::Session;
use crate::{Database, Error, Server};

/// The roles that a test logs in as; the crow schema makes them.
const ROLES: [&str; 3] = ["crow_migrator", "crow_app", "crow_admin"];

/// A database of its own, with the crow schema and the migrations of a directory, for one test.
///
/// The first test that asks runs the migrations, into a template whose name follows their content;
/// all others copy it. Dropped with the value.
///
/// ```no_run
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// use crow_core::TenantPool;
/// use crow_testkit::TestDb;
///
/// let db = TestDb::new(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).await?;
/// let pool = TenantPool::builder(db.tenant_url()).connect().await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct TestDb {
    database: Database,
}

impl TestDb {
    /// A database on the [shared server](Server::shared), migrated from a directory of diesel
    /// migrations.
    ///
    /// # Errors
    ///
    /// [`Error::Build`] with the server's message if a migration fails, or if the directory cannot
    /// be read; the errors of [`Server::shared`] and [`Server::template`].
    pub async fn new(migrations: impl AsRef<Path>) -> Result<Self, Error> {
        Self::on(&Server::shared()?, migrations).await
    }

    /// As [`new`](Self::new), on a server of one's choice.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub async fn on(server: &Server, migrations: impl AsRef<Path>) -> Result<Self, Error> {
        let directory = migrations.as_ref().to_path_buf();
        let key = content_key(&directory).map_err(|source| Error::Build {
            key: directory.display().to_string(),
            source: Box::new(source),
        })?;
        let passwords = ROLES.map(|role| (role, server.role_password(role)));
        let template = server
            .template(&key, async |url| {
                let building = tokio::task::spawn_blocking(move || build(&url, &directory, &passwords));
                building.await.map_err(Failure::from)?
            })
            .await?;
        let database = template.database().await?;
        harden(&database).await?;
        Ok(Self { database })
    }

    /// Logs in as the migrator, who owns the tables and sees all tenants.
    #[must_use]
    pub fn owner_url(&self) -> String {
        self.database.url("crow_migrator")
    }

    /// Logs in as the application, for a `TenantPool`.
    #[must_use]
    pub fn tenant_url(&self) -> String {
        self.database.url("crow_app")
    }

    /// Logs in as the admin role, for an `AdminPool`.
    #[must_use]
    pub fn admin_url(&self) -> String {
        self.database.url("crow_admin")
    }

    /// The database itself.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }
}

/// Grants on a database are not copied with it: what the crow schema took from PUBLIC is taken again.
async fn harden(database: &Database) -> Result<(), Error> {
    let name = database.name();
    let session = Session::open(database.server().address()).await?;
    let statement = format!(
        "REVOKE CREATE, TEMPORARY ON DATABASE {name} FROM PUBLIC; \
         GRANT CREATE, TEMPORARY ON DATABASE {name} TO crow_owner"
    );
    session.run("set the grants on a database", &statement).await.map(drop)
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The superuser installs crow, the migrator does the rest, as in production.
fn build(url: &str, directory: &Path, passwords: &[(&str, Option<String>)]) -> Result<(), Failure> {
    let mut superuser = AsyncConnectionWrapper::<AsyncPgConnection>::establish(url)?;
    migrate(&mut superuser, CrowMigrations)?;
    for (role, password) in passwords {
        if let Some(password) = password {
            // Made of hexadecimal digits, by the server of this crate.
            superuser.batch_execute(&format!("ALTER ROLE {role} PASSWORD '{password}'"))?;
        }
    }
    superuser.batch_execute("SET SESSION AUTHORIZATION crow_migrator")?;
    migrate(&mut superuser, FileBasedMigrations::from_path(directory)?)
}

fn migrate(
    connection: &mut AsyncConnectionWrapper<AsyncPgConnection>,
    source: impl MigrationSource<Pg>,
) -> Result<(), Failure> {
    connection.run_pending_migrations(source).map(drop)
}

/// Says which schema a template holds: that of crow and that of every file in the directory.
fn content_key(directory: &Path) -> io::Result<String> {
    let mut files = BTreeMap::new();
    let mut directories = vec![PathBuf::from(directory)];
    while let Some(inner) = directories.pop() {
        for entry in fs::read_dir(&inner).map_err(|error| named(&inner, &error))? {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let content = fs::read(&path).map_err(|error| named(&path, &error))?;
                files.insert(path.strip_prefix(directory).unwrap_or(&path).to_path_buf(), content);
            }
        }
    }
    let mut parts: Vec<&[u8]> = vec![INSTALL_SQL.as_bytes()];
    for (path, content) in &files {
        parts.extend([path.as_os_str().as_encoded_bytes(), content]);
    }
    Ok(name::digest(&parts))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot read migrations in {}: {error}", path.display()))
}
