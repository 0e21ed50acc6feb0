//! Tables of reference data.

use super::Name;
use super::columns::Column;
use super::migrations::{Known, TableSql};
use super::reference::Reference;
use super::shape::Shape;

/// A table of reference data, as a migration creates it: every tenant reads it, migrations write it.
///
/// ```
/// use crow_core::schema::{Column, SharedTable, TableMigrations};
///
/// # fn main() -> Result<(), crow_core::Error> {
/// let makes = SharedTable::new("makes").key(Column::text("name")).column(Column::text("country"));
/// let migrations = TableMigrations::new().create("2026-01-12-090000_create_makes", makes)?;
///
/// assert_eq!(
///     migrations.iter().next().unwrap().up_sql(),
///     "\
/// CREATE TABLE makes (
///     name    text NOT NULL,
///     country text NOT NULL,
///     PRIMARY KEY (name)
/// );
///
/// ALTER TABLE makes OWNER TO crow_owner;
///
/// REVOKE ALL ON makes FROM PUBLIC, crow_app, crow_admin, crow_open;
///
/// GRANT SELECT ON makes TO crow_app, crow_admin;
///
/// COMMENT ON TABLE makes IS 'crow: shared';
/// "
/// );
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct SharedTable(Shape);

impl SharedTable {
    /// A table without columns; it needs at least a [`key`](Self::key).
    pub fn new(name: impl Into<Name>) -> Self {
        Self(Shape::new(name.into(), &[], Vec::new()))
    }

    /// Adds a column of the primary key.
    pub fn key(mut self, column: Column) -> Self {
        self.0.key.push(column);
        self
    }

    /// Adds a column.
    pub fn column(mut self, column: Column) -> Self {
        self.0.columns.push(column);
        self
    }

    /// Adds a column that refers to a row of another shared table.
    pub fn references(mut self, parent: impl Into<Reference>) -> Self {
        self.0.references.push(parent.into());
        self
    }

    /// No two rows have the same values in these columns.
    pub fn unique<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.0.unique(columns);
        self
    }

    /// An index over these columns.
    pub fn index<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.0.index(columns, None);
        self
    }

    pub(super) fn name(&self) -> &Name {
        &self.0.name
    }

    pub(super) fn write(&self, known: &Known) -> Result<TableSql, Vec<String>> {
        let shape = &self.0;
        let mut faults = Vec::new();
        let keys = shape.foreign_keys(known, &mut faults);
        faults.extend(shape.faults(known, &keys));
        if shape.key.is_empty() {
            faults.push("it has no primary key: say `key(..)`".into());
        }
        faults.extend(
            shape
                .key
                .iter()
                .filter(|column| column.nullable)
                .map(|column| format!("the key {} is nullable", column.name)),
        );
        if shape.all_columns(&keys).any(|column| column.name == "tenant_id") {
            faults.push("it has a column tenant_id, so its rows are tenants': make it a TenantTable".into());
        }
        if !faults.is_empty() {
            return Err(faults);
        }

        let table = &shape.name;
        let mut up = shape.create(&keys, "");
        up.push(format!("ALTER TABLE {table} OWNER TO crow_owner"));
        up.push(format!("REVOKE ALL ON {table} FROM PUBLIC, crow_app, crow_admin, crow_open"));
        up.push(format!("GRANT SELECT ON {table} TO crow_app, crow_admin"));
        up.push(format!("COMMENT ON TABLE {table} IS 'crow: shared'"));
        Ok(TableSql { shape: shape.clone(), tenant: false, up, table_macro: shape.table_macro(&keys) })
    }
}
