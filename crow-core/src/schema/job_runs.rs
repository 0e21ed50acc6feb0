//! The ledger of jobs, as a table.

use super::{Column, TenantTable};

/// The table in which each tenant records which jobs it has done, for a migration of
/// [`TableMigrations`](super::TableMigrations).
///
/// ```
/// use crow_core::schema::{TableMigrations, job_runs};
///
/// # fn main() -> Result<(), crow_core::Error> {
/// let migrations = TableMigrations::new().create("2026-11-27-120000_create_job_runs", job_runs())?;
/// assert!(migrations.iter().last().unwrap().up_sql().contains("crow.protect('job_runs')"));
/// # Ok(()) }
/// ```
///
/// In SQL that is written by hand it is:
///
/// ```sql
/// CREATE TABLE job_runs (
///     tenant_id  uuid        NOT NULL,
///     id         uuid        NOT NULL,
///     kind       text        NOT NULL,
///     runs       int4        NOT NULL,
///     expires_at timestamptz NOT NULL,
///     PRIMARY KEY (tenant_id, id)
/// );
/// CREATE INDEX ON job_runs (tenant_id, expires_at);
/// COMMENT ON TABLE job_runs IS 'crow: no model';
/// SELECT crow.protect('job_runs');
/// ```
pub fn job_runs() -> TenantTable {
    TenantTable::new("job_runs")
        .column(Column::text("kind"))
        .column(Column::int4("runs"))
        .column(Column::timestamptz("expires_at"))
        .index(["expires_at"])
        .without_model()
}
