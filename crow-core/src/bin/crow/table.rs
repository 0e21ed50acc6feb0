//! `crow table`.

use std::convert::identity;

use clap::Args;
use crow_core::schema::{Column, Reference, TableMigrations, TenantTable, Type};

use super::Outcome;
use super::failure::Failure;
use super::plan::print;

/// Print the SQL of a new tenant table, for a migration.
///
/// It has tenant_id, id, created_at and updated_at of itself, and tenant_id leads its keys and indexes. No
/// database is asked.
#[derive(Args)]
#[command(after_help = "\
Examples:
  crow table vehicles make:text year:int4 'plate:text?' --unique plate --index make,year
  crow table service_records cents:int8 --references vehicles:cascade > up.sql
  crow table lockers number:int4 --references gyms:int8 --references members:int8:set-null
  crow table events kind:text 'doc:jsonb?' --partitions 16 --schema-rs")]
pub(crate) struct Table {
    /// What the table is called.
    name: String,
    /// Columns with their types; a question mark: it may be null.
    #[arg(value_name = "COLUMN:TYPE[?]")]
    columns: Vec<String>,
    /// A tenant table that it refers to; the type of that one's id, if it is no uuid; and what becomes of a
    /// row when that row goes: it restricts, if nothing is said.
    #[arg(long, value_name = "TABLE[:TYPE][:cascade|:set-null]")]
    references: Vec<String>,
    /// Columns that no two rows of a tenant have in common.
    #[arg(long, value_name = "COLUMN,..")]
    unique: Vec<String>,
    /// Columns of an index.
    #[arg(long, value_name = "COLUMN,..")]
    index: Vec<String>,
    /// Divide the table by the hash of the tenant.
    #[arg(long, value_name = "NUMBER")]
    partitions: Option<u16>,
    /// Print the `table!` for schema.rs instead.
    #[arg(long)]
    schema_rs: bool,
}

impl Table {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let mut table = TenantTable::new(&*self.name);
        let mut migrations = TableMigrations::new();
        for column in &self.columns {
            table = table.column(parse(column)?);
        }
        for reference in &self.references {
            let (parent, key, reference) = refer(reference)?;
            table = table.references(reference);
            if parent != self.name {
                migrations = migrations.existing_with_key(parent, Column::new("id", key));
            } else if key != Type::Uuid {
                return Err(Failure::new(format!("{key}: the key of {parent} is a uuid")));
            }
        }
        let list =
            |columns: &str| columns.split(',').map(|column| column.trim().to_owned()).collect::<Vec<_>>();
        table = self.unique.iter().fold(table, |table, columns| table.unique(list(columns)));
        table = self.index.iter().fold(table, |table, columns| table.index(list(columns)));
        if let Some(partitions) = self.partitions {
            table = table.partition_by_tenant_hash(partitions);
        }
        for migration in migrations.create("1_table", table)?.iter() {
            let text = if self.schema_rs { migration.table_macro().to_owned() } else { migration.up_sql() };
            print(text.trim_end())?;
        }
        Ok(Outcome::Clean)
    }
}

/// The table that is referred to, the type of its key, and the reference.
fn refer(text: &str) -> Result<(&str, Type, Reference), Failure> {
    let (table, action): (_, fn(Reference) -> Reference) = match text.rsplit_once(':') {
        Some((table, "cascade")) => (table, Reference::cascade),
        Some((table, "set-null")) => (table, Reference::set_null),
        _ => (text, identity),
    };
    let (parent, key) = table.split_once(':').unwrap_or((table, "uuid"));
    let key = key.parse().map_err(|error| {
        Failure::new(format!(
            "{key}: say cascade or set-null behind {parent}, or the type of its key: {error}"
        ))
    })?;
    Ok((parent, key, action(Reference::to(parent))))
}

fn parse(column: &str) -> Result<Column, Failure> {
    let Some((name, kind)) = column.split_once(':') else {
        return Err(Failure::new(format!("{column}: write the type behind it, as in {column}:text")));
    };
    let (kind, nullable) = kind.strip_suffix('?').map_or((kind, false), |kind| (kind, true));
    let kind: Type = kind.parse().map_err(|error| Failure::new(format!("{name}: {error}")))?;
    let column = Column::new(name, kind);
    Ok(if nullable { column.nullable() } else { column })
}
