//! What the database of a test holds from the beginning.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crow_core::schema::{INSTALL_SQL, TableMigrations};
use diesel::migration::{self, Migration, MigrationSource};
use diesel::pg::Pg;
use diesel_migrations::{EmbeddedMigrations, FileBasedMigrations};

use crate::{Error, executable, name};

/// The migrations that make the tables of a test's database; the crow schema is there before them.
///
/// It is made of whatever a project has, by `from` or where a function takes `impl Into<Schema>`:
///
/// | from | the content that a copy may be made of |
/// |---|---|
/// | a path of diesel migrations | the files, as they are when the test runs |
/// | [`TableMigrations`], also as what [`create`](TableMigrations::create) returns | their SQL |
/// | `embed_migrations!()` | the executable: built anew with it |
/// | [`Schema::source`]: any other `MigrationSource` | the executable |
///
/// ```
/// use crow_core::schema::{Column, TableMigrations, TenantTable};
/// use crow_testkit::Schema;
///
/// # fn main() -> Result<(), crow_core::Error> {
/// let written = Schema::from("migrations");
/// let described = Schema::from(
///     TableMigrations::new()
///         .create("1_create_vehicles", TenantTable::new("vehicles").column(Column::text("make")))?,
/// );
/// # Ok(()) }
/// ```
pub struct Schema(Source);

enum Source {
    Directory(PathBuf),
    Tables(Result<TableMigrations, crow_core::Error>),
    Program(Box<dyn MigrationSource<Pg> + Send>),
}

impl Schema {
    /// Migrations of any kind. They are run again by each executable that has them built in; what they read when
    /// they run, such as files, has to be part of it too, for a change to be noticed.
    pub fn source(migrations: impl MigrationSource<Pg> + Send + 'static) -> Self {
        Self(Source::Program(Box::new(migrations)))
    }

    /// Says which content a database has that is made of this.
    pub(crate) fn key(&self) -> Result<String, Error> {
        // The same for all tests of a process, and much to read for code that is not optimized.
        static CROW: OnceLock<String> = OnceLock::new();
        let crow = CROW.get_or_init(|| name::digest(&[INSTALL_SQL.as_bytes()]));
        let mut parts: Vec<Vec<u8>> = vec![crow.clone().into()];
        match &self.0 {
            Source::Directory(directory) => {
                for (path, content) in files(directory)? {
                    parts.extend([path.into_os_string().into_encoded_bytes(), content]);
                }
            }
            Source::Tables(tables) => {
                let tables = tables.as_ref().map_err(|error| Error::Tables(error.clone()))?;
                for table in tables.iter() {
                    parts.extend([Migration::name(table).to_string().into(), table.up_sql().into()]);
                }
            }
            Source::Program(migrations) => {
                parts.push(executable::identity()?.into());
                let migrations = migrations.migrations().map_err(|source| self.unreadable(source))?;
                parts.extend(migrations.iter().map(|migration| migration.name().to_string().into()));
            }
        }
        Ok(name::digest(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>()))
    }

    /// The file that a migration is written in.
    pub(crate) fn file(&self, migration: &str) -> Option<PathBuf> {
        match &self.0 {
            Source::Directory(directory) => Some(directory.join(migration).join("up.sql")),
            Source::Tables(_) | Source::Program(_) => None,
        }
    }

    fn unreadable(&self, source: Box<dyn std::error::Error + Send + Sync>) -> Error {
        Error::Build { key: format!("{self:?}"), source }
    }
}

impl MigrationSource<Pg> for &Schema {
    fn migrations(&self) -> migration::Result<Vec<Box<dyn Migration<Pg>>>> {
        match &self.0 {
            Source::Directory(directory) => FileBasedMigrations::from_path(directory)?.migrations(),
            Source::Tables(tables) => tables.as_ref().map_err(Clone::clone)?.migrations(),
            Source::Program(migrations) => migrations.migrations(),
        }
    }
}

impl From<PathBuf> for Schema {
    fn from(directory: PathBuf) -> Self {
        Self(Source::Directory(directory))
    }
}

impl From<&Path> for Schema {
    fn from(directory: &Path) -> Self {
        directory.to_path_buf().into()
    }
}

impl From<&str> for Schema {
    fn from(directory: &str) -> Self {
        PathBuf::from(directory).into()
    }
}

impl From<String> for Schema {
    fn from(directory: String) -> Self {
        PathBuf::from(directory).into()
    }
}

impl From<TableMigrations> for Schema {
    fn from(tables: TableMigrations) -> Self {
        Ok(tables).into()
    }
}

/// So that a function which ends in [`create`](TableMigrations::create) is named as it is; its error is that of the test.
impl From<Result<TableMigrations, crow_core::Error>> for Schema {
    fn from(tables: Result<TableMigrations, crow_core::Error>) -> Self {
        Self(Source::Tables(tables))
    }
}

impl From<EmbeddedMigrations> for Schema {
    fn from(migrations: EmbeddedMigrations) -> Self {
        Self::source(migrations)
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Directory(directory) => f.debug_tuple("Schema").field(directory).finish(),
            Source::Tables(_) => f.write_str("Schema(tables described in Rust)"),
            Source::Program(_) => f.write_str("Schema(migrations of the program)"),
        }
    }
}

/// Every file below a directory, by its path from there.
fn files(directory: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, Error> {
    if !directory.is_dir() {
        return Err(Error::NoMigrations { directory: directory.to_path_buf() });
    }
    let mut files = BTreeMap::new();
    let mut directories = vec![directory.to_path_buf()];
    while let Some(inner) = directories.pop() {
        let unreadable =
            |error: io::Error| Error::system(format!("read migrations in {}", inner.display()))(error);
        for entry in fs::read_dir(&inner).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let content = fs::read(&path).map_err(unreadable)?;
                files.insert(path.strip_prefix(directory).unwrap_or(&path).to_path_buf(), content);
            }
        }
    }
    Ok(files)
}
