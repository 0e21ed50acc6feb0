//! Tables of tenants' rows.

use super::Name;
use super::columns::Column;
use super::migrations::{Known, TableSql};
use super::reference::Reference;
use super::shape::{self, Shape};

/// A table of tenants' rows, as a migration creates it.
///
/// It has `tenant_id`, `id`, `created_at` and `updated_at` of itself, and `tenant_id` leads every key and index. `id` is a
/// UUID that the database makes; the two times are the database's whatever an insert or update says. Columns are not null
/// unless they are [`nullable`](Column::nullable).
///
/// ```
/// use crow_core::schema::{Column, Reference, TableMigrations, TenantTable};
///
/// # fn main() -> Result<(), crow_core::Error> {
/// let migrations = TableMigrations::new()
///     .create(
///         "2026-01-12-091500_create_vehicles",
///         TenantTable::new("vehicles")
///             .column(Column::text("make"))
///             .column(Column::int4("year").check("year BETWEEN 1886 AND 2100"))
///             .column(Column::text("plate").nullable())
///             .unique(["plate"])
///             .index(["make", "year"]),
///     )?
///     .create(
///         "2026-01-12-093000_create_service_records",
///         TenantTable::new("service_records")
///             .references(Reference::to("vehicles").cascade())
///             .column(Column::text("work"))
///             .column(Column::int8("cents").default("0").check("cents >= 0"))
///             .index_where(["created_at"], "cents = 0"),
///     )?;
///
/// assert_eq!(
///     migrations.iter().last().unwrap().up_sql(),
///     "\
/// CREATE TABLE service_records (
///     tenant_id  uuid        NOT NULL,
///     id         uuid        NOT NULL DEFAULT gen_random_uuid(),
///     vehicle_id uuid        NOT NULL,
///     work       text        NOT NULL,
///     cents      int8        NOT NULL DEFAULT 0 CHECK (cents >= 0),
///     created_at timestamptz NOT NULL DEFAULT now(),
///     updated_at timestamptz NOT NULL DEFAULT now(),
///     PRIMARY KEY (tenant_id, id),
///     FOREIGN KEY (tenant_id, vehicle_id) REFERENCES vehicles (tenant_id, id) ON DELETE CASCADE
/// );
///
/// CREATE INDEX ON service_records (tenant_id, created_at) WHERE cents = 0;
///
/// CREATE INDEX ON service_records (tenant_id, vehicle_id);
///
/// CREATE TRIGGER touch_new BEFORE INSERT ON service_records
///     FOR EACH ROW WHEN (NEW.created_at <> now() OR NEW.updated_at <> now()) EXECUTE FUNCTION crow.touch();
///
/// CREATE TRIGGER touch BEFORE UPDATE ON service_records
///     FOR EACH ROW EXECUTE FUNCTION crow.touch();
///
/// SELECT crow.protect('service_records');
/// "
/// );
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct TenantTable {
    shape: Shape,
    partitions: Option<u16>,
    modelled: bool,
}

impl TenantTable {
    /// A table with `tenant_id`, `id`, `created_at` and `updated_at`.
    pub fn new(name: impl Into<Name>) -> Self {
        let mut shape = Shape::new(name.into(), &["tenant_id"], vec![shape::id()]);
        let time = |name| Column::timestamptz(name).default("now()");
        shape.tail = vec![time("created_at"), time("updated_at")];
        Self { shape, partitions: None, modelled: true }
    }

    /// Adds a column.
    pub fn column(mut self, column: Column) -> Self {
        self.shape.columns.push(column);
        self
    }

    /// Adds a column that refers to a row of another table, or of this one: of the same tenant, if it is a tenant table.
    ///
    /// The foreign key is indexed. Other columns may stand before it: in the table it follows `id`.
    pub fn references(mut self, parent: impl Into<Reference>) -> Self {
        self.shape.references.push(parent.into());
        self
    }

    /// No two rows of a tenant have the same values in these columns.
    pub fn unique<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.shape.unique(columns);
        self
    }

    /// An index over these columns.
    pub fn index<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.shape.index(columns, None);
        self
    }

    /// An index over these columns, of the rows for which an SQL condition holds.
    pub fn index_where<C: Into<String>>(
        mut self,
        columns: impl IntoIterator<Item = C>,
        condition: impl Into<String>,
    ) -> Self {
        self.shape.index(columns, Some(condition.into()));
        self
    }

    /// Divides the table into so many partitions, by the hash of `tenant_id`, so that each tenant is in one of them.
    ///
    /// They are protected like the table, and can be reached only through it. For tables that are too big for one:
    /// a query of one tenant touches one partition.
    pub fn partition_by_tenant_hash(mut self, partitions: u16) -> Self {
        self.partitions = Some(partitions);
        self
    }

    /// Says in a comment that no model names the table, which the audit would find otherwise (S9): its rows are reached in
    /// another way than through a model.
    pub fn without_model(mut self) -> Self {
        self.modelled = false;
        self
    }

    pub(super) fn name(&self) -> &Name {
        &self.shape.name
    }

    pub(super) fn write(&self, known: &Known) -> Result<TableSql, Vec<String>> {
        let Self { shape, partitions, modelled } = self;
        let mut faults = Vec::new();
        let keys = shape.foreign_keys(known, &mut faults);
        faults.extend(shape.faults(known, &keys));
        let partitions = self.partitions_of(*partitions, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }

        let table = &shape.name;
        let partitioning = if partitions.is_empty() { "" } else { " PARTITION BY HASH (tenant_id)" };
        let mut up = shape.create(&keys, partitioning);
        let modulus = partitions.len();
        up.extend(partitions.iter().enumerate().map(|(remainder, partition)| {
            format!(
                "CREATE TABLE {partition} PARTITION OF {table} FOR VALUES WITH (MODULUS {modulus}, REMAINDER {remainder})"
            )
        }));
        // Nothing to do for an insert that leaves the times to the database, as they do: asking is free there.
        up.push(format!(
            "CREATE TRIGGER touch_new BEFORE INSERT ON {table}\n    FOR EACH ROW WHEN (NEW.created_at <> now() OR \
             NEW.updated_at <> now()) EXECUTE FUNCTION crow.touch()"
        ));
        up.push(format!(
            "CREATE TRIGGER touch BEFORE UPDATE ON {table}\n    FOR EACH ROW EXECUTE FUNCTION crow.touch()"
        ));
        if !modelled {
            up.push(format!("COMMENT ON TABLE {table} IS 'crow: no model'"));
        }
        up.push(format!("SELECT crow.protect({})", table.literal()));
        Ok(TableSql { shape: shape.clone(), tenant: true, up, table_macro: shape.table_macro(&keys) })
    }

    fn partitions_of(&self, partitions: Option<u16>, faults: &mut Vec<String>) -> Vec<Name> {
        let Some(count) = partitions else { return Vec::new() };
        if !(1..=1000).contains(&count) {
            faults.push(format!("{count} partitions: take 1 to 1000"));
            return Vec::new();
        }
        let digits = (count - 1).to_string().len();
        let names = (0..count).map(|n| format!("{}_p{n:0digits$}", self.shape.name.bare()));
        let names: Vec<_> = names.map(|name| self.shape.name.beside(name)).collect();
        faults.extend(
            names.last().into_iter().flat_map(Name::faults).map(|fault| format!("a partition: {fault}")),
        );
        names
    }
}
