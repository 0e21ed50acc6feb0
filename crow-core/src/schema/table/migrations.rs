//! Migrations that create tables, and what is written by hand between them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use diesel::connection::BoxableConnection;
use diesel::migration::{
    Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion, Result as Migrated,
};
use diesel::pg::Pg;

use super::columns::Column;
use super::shape::{self, Shape};
use super::{Name, SharedTable, TenantTable};
use crate::Error;

/// Migrations, in order: each creates a table, or is SQL of one's own.
///
/// It is a source for diesel's harness: `connection.run_pending_migrations(migrations)`, after
/// [`CrowMigrations`](crate::schema::CrowMigrations). Or it writes directories for the diesel CLI, beside those with SQL
/// that is written by hand.
///
/// ```no_run
/// use crow_core::schema::{Column, TableMigrations, TenantTable};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// TableMigrations::new()
///     .existing("customers")
///     .create(
///         "2026-03-01-100000_create_vehicles",
///         TenantTable::new("vehicles").references("customers").column(Column::text("make")),
///     )?
///     .write_to("migrations")?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct TableMigrations {
    known: Known,
    migrations: Vec<TableMigration>,
}

/// What there is before the next migration.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    tables: BTreeMap<Name, Parent>,
    types: Vec<Name>,
}

/// What a foreign key has to know of the table that it refers to.
#[derive(Debug, Clone)]
pub(super) struct Parent {
    pub(super) tenant: bool,
    pub(super) key: Vec<Column>,
}

impl Known {
    pub(super) fn table(&self, name: &Name) -> Option<&Parent> {
        self.tables.get(name)
    }

    pub(super) fn has_type(&self, name: &Name) -> bool {
        self.types.contains(name)
    }
}

/// A table that passed.
pub(super) struct TableSql {
    pub(super) shape: Shape,
    pub(super) tenant: bool,
    pub(super) up: Vec<String>,
    pub(super) table_macro: String,
}

impl TableMigrations {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// There is a tenant table of this name, with the key `(tenant_id, id)` and a UUID for `id`, which other migrations
    /// have created.
    pub fn existing(self, table: impl Into<Name>) -> Self {
        self.existing_with_key(table, shape::id())
    }

    /// There is a tenant table of this name with another key behind `tenant_id`, as tables have that were there before crow.
    ///
    /// ```
    /// # fn main() -> Result<(), crow_core::Error> {
    /// use crow_core::schema::{Column, TableMigrations, TenantTable};
    ///
    /// let migrations = TableMigrations::new()
    ///     .existing_with_key("gyms", Column::int8("id"))
    ///     .create("2026-03-01-100000_create_lockers", TenantTable::new("lockers").references("gyms"))?;
    /// assert!(migrations.iter().last().unwrap().up_sql().contains("gym_id     int8        NOT NULL"));
    /// # Ok(()) }
    /// ```
    pub fn existing_with_key(mut self, table: impl Into<Name>, key: Column) -> Self {
        self.known.tables.insert(table.into(), Parent { tenant: true, key: vec![key] });
        self
    }

    /// There is a shared table of this name, with this key.
    pub fn existing_shared(mut self, table: impl Into<Name>, key: Column) -> Self {
        self.known.tables.insert(table.into(), Parent { tenant: false, key: vec![key] });
        self
    }

    /// There is a type of this name: an enum, a domain or a composite type.
    pub fn existing_type(mut self, name: impl Into<Name>) -> Self {
        self.known.types.push(name.into());
        self
    }

    /// Adds a migration that creates a table. Its name is that of the directory which the diesel CLI would make for it:
    /// a version, which sorts behind those before it, `_`, and what it does.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with everything that PostgreSQL would refuse or shorten, and that `crow.protect` and the
    /// audit would find: names that are there twice, are longer than 63 bytes (those of indexes and constraints included), or
    /// name a table, column or type that is not there; expressions that are none.
    pub fn create(mut self, name: &str, table: impl Into<Table>) -> Result<Self, Error> {
        let table = table.into();
        let written = match &table {
            Table::Tenant(table) => table.write(&self.known),
            Table::Shared(table) => table.write(&self.known),
        };
        let named = self.title(name);
        let (named, TableSql { shape, tenant, up, table_macro }) = match (named, written) {
            (Ok(named), Ok(written)) => (named, written),
            (named, written) => {
                let faults = named.err().into_iter().chain(written.err().unwrap_or_default());
                let faults: String = faults.map(|fault| format!("\n  - {fault}")).collect();
                return Err(Error::Invalid(format!("cannot create table {}:{faults}", table.name())));
            }
        };
        let down = format!("DROP TABLE {}", shape.name);
        self.migrations.push(TableMigration(Arc::new(Written { named, up, down, table_macro })));
        self.known.tables.insert(shape.name, Parent { tenant, key: shape.key });
        Ok(self)
    }

    /// Adds a migration in SQL of one's own, which may be several statements: how a table changes that is there already. Its
    /// name is as that of [`create`](Self::create).
    ///
    /// A tenant table that it creates ends in `SELECT crow.protect('table')`. Migrations after it know of that table by
    /// [`existing`](Self::existing), and of an enum by [`existing_type`](Self::existing_type).
    ///
    /// ```
    /// # fn main() -> Result<(), crow_core::Error> {
    /// use crow_core::schema::{Column, TableMigrations, TenantTable};
    ///
    /// let migrations = TableMigrations::new()
    ///     .create("2026-03-01-100000_create_vehicles", TenantTable::new("vehicles").column(Column::text("make")))?
    ///     .sql(
    ///         "2026-03-08-100000_vehicles_have_a_year",
    ///         "ALTER TABLE vehicles ADD COLUMN year int4",
    ///         "ALTER TABLE vehicles DROP COLUMN year",
    ///     )?;
    /// assert_eq!(migrations.iter().last().unwrap().up_sql(), "ALTER TABLE vehicles ADD COLUMN year int4;\n");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with a name that is none, or with a text without SQL, which diesel would not run either: for a way
    /// back on which nothing is to be done write `SELECT 1`. Whether the SQL is right PostgreSQL says.
    pub fn sql(mut self, name: &str, up: &str, down: &str) -> Result<Self, Error> {
        let named = self.title(name).map_err(Error::Invalid)?;
        let ends = |c: char| c == ';' || c.is_whitespace();
        let [up, down] = [up, down].map(|text| text.trim_start().trim_end_matches(ends).to_owned());
        if up.is_empty() || down.is_empty() {
            return Err(Error::Invalid(format!(
                "the migration {name} has no SQL for one of its two ways: write `SELECT 1` where nothing is to be done"
            )));
        }
        let written = Written { named, up: vec![up], down, table_macro: String::new() };
        self.migrations.push(TableMigration(Arc::new(written)));
        Ok(self)
    }

    fn title(&self, name: &str) -> Result<MigrationTitle, String> {
        MigrationTitle::new(name, self.migrations.last())
    }

    /// The migrations, in order.
    pub fn iter(&self) -> impl Iterator<Item = &TableMigration> {
        self.migrations.iter()
    }

    /// Writes `up.sql` and `down.sql` of each migration to a directory of its name, as the diesel CLI wants them.
    ///
    /// Files with the same text stay as they are.
    ///
    /// # Errors
    ///
    /// An [`io::Error`] that names the file: one that cannot be written, or one with another text
    /// ([`AlreadyExists`](io::ErrorKind::AlreadyExists)), for a migration that has run must not change. Then nothing
    /// was written.
    pub fn write_to(&self, directory: impl AsRef<Path>) -> io::Result<()> {
        let directory = directory.as_ref();
        let mut files = Vec::new();
        for migration in &self.migrations {
            let directory = directory.join(migration.0.named.to_string());
            for (file, text) in [("up.sql", migration.up_sql()), ("down.sql", migration.down_sql())] {
                let path = directory.join(file);
                match fs::read_to_string(&path) {
                    Ok(there) if there == text => {}
                    Ok(_) => {
                        let text =
                            format!("{} is there with another text: write a new migration", path.display());
                        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => files.push((path, text)),
                    Err(error) => return Err(named(&path, &error)),
                }
            }
        }
        for (path, text) in files {
            path.parent().map_or(Ok(()), fs::create_dir_all).map_err(|error| named(&path, &error))?;
            fs::write(&path, text).map_err(|error| named(&path, &error))?;
        }
        Ok(())
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

impl MigrationSource<Pg> for TableMigrations {
    fn migrations(&self) -> Migrated<Vec<Box<dyn Migration<Pg>>>> {
        Ok(self.iter().map(|migration| Box::new(migration.clone()) as Box<dyn Migration<Pg>>).collect())
    }
}

/// A table of either kind.
#[derive(Debug, Clone)]
#[must_use]
pub enum Table {
    /// Tenants' rows.
    Tenant(TenantTable),
    /// Reference data.
    Shared(SharedTable),
}

impl Table {
    fn name(&self) -> &Name {
        match self {
            Self::Tenant(table) => table.name(),
            Self::Shared(table) => table.name(),
        }
    }
}

impl From<TenantTable> for Table {
    fn from(table: TenantTable) -> Self {
        Self::Tenant(table)
    }
}

impl From<SharedTable> for Table {
    fn from(table: SharedTable) -> Self {
        Self::Shared(table)
    }
}

/// A migration that creates a table, or is SQL of one's own: a diesel [`Migration`] and its text.
///
/// It runs in a transaction. Each statement that creates a table is a message of its own, and SQL of one's own is one message.
#[derive(Debug, Clone)]
pub struct TableMigration(Arc<Written>);

#[derive(Debug)]
struct Written {
    named: MigrationTitle,
    up: Vec<String>,
    down: String,
    table_macro: String,
}

impl TableMigration {
    /// What creates the table and protects it, or the SQL of one's own.
    #[must_use]
    pub fn up_sql(&self) -> String {
        self.0.up.join(";\n\n") + ";\n"
    }

    /// What drops the table again, with all rows, or takes the SQL of one's own back.
    #[must_use]
    pub fn down_sql(&self) -> String {
        format!("{};\n", self.0.down)
    }

    /// The messages that [`up_sql`](Self::up_sql) is sent in.
    pub fn statements(&self) -> impl Iterator<Item = &str> {
        self.0.up.iter().map(String::as_str)
    }

    /// The `table!` that `diesel print-schema` writes for it; empty for SQL of one's own. Types of one's own have to be imported
    /// into it.
    #[must_use]
    pub fn table_macro(&self) -> &str {
        &self.0.table_macro
    }
}

impl Migration<Pg> for TableMigration {
    fn run(&self, connection: &mut dyn BoxableConnection<Pg>) -> Migrated<()> {
        self.statements().try_for_each(|statement| connection.batch_execute(statement)).map_err(Into::into)
    }

    fn revert(&self, connection: &mut dyn BoxableConnection<Pg>) -> Migrated<()> {
        Ok(connection.batch_execute(&self.0.down)?)
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        &self.0.named
    }
}

impl MigrationMetadata for TableMigration {}

/// `version_what-it-does`.
#[derive(Debug)]
struct MigrationTitle {
    whole: String,
    version: String,
}

impl MigrationTitle {
    /// The version is what diesel takes for it: what stands before the first `_`, without its dashes.
    fn new(name: &str, last: Option<&TableMigration>) -> Result<Self, String> {
        let version = name.split('_').next().unwrap_or_default().replace('-', "");
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_digit()) || !name.bytes().all(safe)
        {
            return Err(format!(
                "a migration cannot be called {name:?}: write a version in digits, `_` and what it does, as in \
                 2026-01-12-091500_create_vehicles"
            ));
        }
        match last.map(|last| &last.0.named) {
            Some(last) if last.version >= version => {
                Err(format!("the migration {name} does not sort behind {last}, which comes before it"))
            }
            _ => Ok(Self { whole: name.to_owned(), version }),
        }
    }
}

impl fmt::Display for MigrationTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.whole)
    }
}

impl MigrationName for MigrationTitle {
    fn version(&self) -> MigrationVersion<'_> {
        MigrationVersion::from(&self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Reference, Type};
    use super::*;

    fn faults(table: impl Into<Table>) -> String {
        let known = TableMigrations::new()
            .existing("vehicles")
            .existing_shared("makes", Column::text("name"))
            .existing_shared(("sales", "rates"), Column::new("rate", Type::Numeric(None)));
        known.create("1_x", table).map_or_else(|error| error.to_string(), |_| String::new())
    }

    fn table() -> TenantTable {
        TenantTable::new("t").column(Column::text("a"))
    }

    #[test]
    fn what_the_server_or_the_audit_would_refuse_is_refused() {
        let long = "x".repeat(64);
        let refused: Vec<(Table, &str)> = vec![
            (TenantTable::new("").into(), "a name is empty"),
            (TenantTable::new("a\0").into(), "control characters"),
            (TenantTable::new(&*long).into(), "has 64 bytes"),
            (TenantTable::new("x".repeat(60).as_str()).into(), "the primary key: the name"),
            (TenantTable::new("vehicles").into(), "another migration creates a table of this name"),
            (table().column(Column::text("a")).into(), "the column a is there twice"),
            (table().column(Column::uuid("tenant_id")).into(), "each table of this kind has it of itself"),
            (table().column(Column::uuid("id")).into(), "the column id is there twice: each table"),
            (table().column(Column::date("updated_at")).into(), "the column updated_at is there twice"),
            (
                table().column(Column::text("vehicle_id")).references("vehicles").into(),
                "vehicle_id is there twice",
            ),
            (table().column(Column::new("b", Type::named("mood"))).into(), "say `existing_type(\"mood\")`"),
            (table().column(Column::new("b", Type::Varchar(0))).into(), "a length is 1"),
            (table().column(Column::new("b", Type::Numeric(Some((2, 3))))).into(), "a scale no more"),
            (table().column(Column::new("b", Type::Text.array().array())).into(), "write `text[]`"),
            (
                table().column(Column::text("b").default("'")).into(),
                "the default of b: a quote is not closed",
            ),
            (
                table().column(Column::text("b").check("true); DROP TABLE t; --")).into(),
                "the check of b: a parenthesis",
            ),
            (table().column(Column::text(&*long)).into(), "has 64 bytes"),
            (table().column(Column::text("x".repeat(58)).check("true")).into(), "the check of xxx"),
            (table().references("ghosts").into(), "refers to ghosts, which no migration before it creates"),
            (
                table().references(("sales", "vehicles")).into(),
                "refers to sales.vehicles, which no migration",
            ),
            (table().references("vehicles").references("vehicles").into(), "vehicle_id is there twice"),
            (table().unique(["b"]).into(), "there is no column b"),
            (table().unique(["tenant_id", "a"]).into(), "tenant_id leads every index and key of itself"),
            (table().index(["a", "a"]).into(), "over a twice"),
            (table().index([""; 0]).into(), "is over no column"),
            (
                table().index(["a"]).index(["a"]).into(),
                "the index over a would be a second t_tenant_id_a_idx",
            ),
            (table().unique(["a"]).unique(["a"]).into(), "would be a second t_tenant_id_a_key"),
            (table().index_where(["a"], "a = 'x").into(), "the condition of an index: a quote is not closed"),
            (table().partition_by_tenant_hash(0).into(), "take 1 to 1000"),
            (SharedTable::new("s").column(Column::text("a")).into(), "it has no primary key"),
            (SharedTable::new("s").key(Column::text("a").nullable()).into(), "the key a is nullable"),
            (SharedTable::new("s").key(Column::uuid("tenant_id")).into(), "make it a TenantTable"),
            (
                SharedTable::new("s").key(Column::text("a")).references("vehicles").into(),
                "whose rows are tenants'",
            ),
        ];
        for (table, fault) in refused {
            let found = faults(table.clone());
            assert!(found.contains(fault), "{table:?}: {found}");
        }
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let table =
            TenantTable::new("t").references("ghosts").column(Column::text("b").check("")).unique(["c"]);
        let error = TableMigrations::new().create("now", table).unwrap_err().to_string();
        assert_eq!(error.lines().count(), 5, "{error}");
        assert!(
            error.starts_with("cannot create table t:\n  - a migration cannot be called \"now\""),
            "{error}"
        );
    }

    #[test]
    fn what_is_right_passes() {
        let table = table()
            .references("makes")
            .references(("sales", "rates"))
            .references(Reference::to("t").named("up"))
            .references(Reference::to("vehicles").set_null())
            .index(["make_name", "a"]);
        assert_eq!(faults(table), "");
    }

    #[test]
    fn migrations_come_in_the_order_of_their_versions() {
        let first = TableMigrations::new().create("2026-01-12-090000_t", table()).unwrap();
        for name in [
            "2026-01-12-090000_u",
            "2026-01-11-090000_u",
            "20260112090000_u",
            "x_u",
            "",
            "_u",
            "3_../u",
            "3_a/b",
        ] {
            assert!(first.clone().create(name, TenantTable::new("u")).is_err(), "{name}");
        }
        let second = first.create("2026-01-12-090001_u", TenantTable::new("u").references("t")).unwrap();
        let names: Vec<_> = MigrationSource::<Pg>::migrations(&second).unwrap();
        let names: Vec<_> = names.iter().map(|migration| migration.name().version().to_string()).collect();
        assert_eq!(names, ["20260112090000", "20260112090001"]);
    }

    #[test]
    fn sql_of_ones_own_stands_in_its_place() {
        let migrations = TableMigrations::new().create("1_t", table()).unwrap();
        let migrations = migrations.sql("2_t", "ALTER TABLE t ADD b int4;\nSELECT 1;\n", "SELECT 2").unwrap();
        let own = migrations.iter().nth(1).unwrap();
        assert_eq!(own.up_sql(), "ALTER TABLE t ADD b int4;\nSELECT 1;\n");
        assert_eq!((own.down_sql().as_str(), own.table_macro()), ("SELECT 2;\n", ""));
        let then = TenantTable::new("u").references("t");
        assert!(migrations.clone().create("2_u", then.clone()).is_err());
        assert_eq!(migrations.clone().create("3_u", then).unwrap().iter().count(), 3);
        for (name, up, down) in
            [("2_v", "SELECT 1", "SELECT 1"), ("3_v", " ;\n", "SELECT 1"), ("3_v", "SELECT 1", "")]
        {
            let error = migrations.clone().sql(name, up, down).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn table_macros_are_those_of_print_schema() {
        let table = TenantTable::new(("sales", "offers"))
            .references(Reference::to("vehicles").set_null())
            .column(Column::new("tags", Type::Text.array()))
            .column(Column::new("size", Type::named("shoe_size")).nullable());
        let migrations = TableMigrations::new().existing("vehicles").existing_type("shoe_size");
        let migrations = migrations.create("1_offers", table).unwrap();
        let expected = "diesel::table! {
    sales.offers (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        vehicle_id -> Nullable<Uuid>,
        tags -> Array<Nullable<Text>>,
        size -> Nullable<ShoeSize>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}
";
        assert_eq!(migrations.iter().next().unwrap().table_macro(), expected);
    }
}
