//! `crow matrix`.

use std::collections::BTreeMap;

use clap::Args;
use diesel::QueryableByName;
use diesel::sql_types::{Array, Text};
use diesel_async::RunQueryDsl;

use super::Outcome;
use super::database::{Line, Url};
use super::failure::Failure;
use super::plan::print;
use super::roles::names;

/// Show who can do what on which table.
#[derive(Args)]
#[command(after_help = "\
S select, I insert, U update, D delete, T truncate, R references, G trigger.
Small letters reach the rows of one tenant, capitals all rows; * is some columns only.

Examples:
  crow matrix
  crow matrix --role crow_app --role billing")]
pub(crate) struct Matrix {
    /// Only this role; may be repeated [default: crow's, and all that something is granted to].
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
}

#[derive(QueryableByName)]
struct Cell {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Text)]
    rights: String,
}

const CELLS: &str = "
    WITH relation AS (
      SELECT c.oid, c.relowner AS owner, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl,
        pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
        EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
          WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) AS of_tenants
      FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
        AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'crow_guard')
    ), role AS (
      SELECT r.oid, r.rolname AS name, r.rolsuper OR r.rolbypassrls AS bypasses FROM pg_catalog.pg_roles AS r
      WHERE CASE WHEN pg_catalog.cardinality($1) > 0 THEN r.rolname = ANY ($1)
        ELSE r.rolname = ANY ($2)
          OR NOT r.rolsuper AND r.oid IN (SELECT a.grantee FROM relation, pg_catalog.aclexplode(relacl) AS a)
          OR NOT r.rolsuper AND r.oid IN (SELECT owner FROM relation) END
    )
    SELECT t.name, r.name::text AS role,
      CASE
        WHEN t.relkind = 'v' THEN 'view' WHEN t.relkind = 'm' THEN 'matview' WHEN t.relkind = 'f' THEN 'foreign'
        WHEN t.relrowsecurity AND t.relforcerowsecurity THEN 'guarded'
        WHEN t.of_tenants THEN 'OPEN' ELSE 'plain' END AS kind,
      CASE WHEN pg_catalog.pg_has_role(r.oid, t.owner, 'USAGE') THEN 'owner' ELSE coalesce((
        SELECT pg_catalog.string_agg(
          CASE WHEN t.relrowsecurity AND NOT r.bypasses AND t.relkind IN ('r', 'p') THEN pg_catalog.lower(letter) ELSE letter END
            || CASE WHEN whole THEN '' ELSE '*' END, '' ORDER BY place)
        FROM (VALUES (1, 'S', 'SELECT'), (2, 'I', 'INSERT'), (3, 'U', 'UPDATE'), (4, 'D', 'DELETE'), (5, 'T', 'TRUNCATE'),
          (6, 'R', 'REFERENCES'), (7, 'G', 'TRIGGER')) AS p (place, letter, privilege)
        CROSS JOIN LATERAL (SELECT pg_catalog.has_table_privilege(r.oid, t.oid, privilege) AS whole) AS w
        WHERE whole OR CASE WHEN place IN (1, 2, 3, 6) THEN pg_catalog.has_any_column_privilege(r.oid, t.oid, privilege) END), '-') END
      AS rights
    FROM relation AS t CROSS JOIN role AS r ORDER BY t.name, r.name";

impl Matrix {
    pub(crate) async fn run(self, url: &Url) -> Result<Outcome, Failure> {
        let conn = &mut url.connect().await?;
        let sql = "SELECT given AS line FROM pg_catalog.unnest($1) AS given WHERE given NOT IN (SELECT rolname FROM pg_catalog.pg_roles)";
        let unknown: Vec<Line> =
            diesel::sql_query(sql).bind::<Array<Text>, _>(&self.roles).load(conn).await?;
        if let [Line { line: role }, ..] = &unknown[..] {
            return Err(Failure::new(format!("there is no role {role}")));
        }
        let cells: Vec<Cell> = diesel::sql_query(CELLS)
            .bind::<Array<Text>, _>(&self.roles)
            .bind::<Array<Text>, _>(names().to_vec())
            .load(conn)
            .await?;
        let mut roles: Vec<&str> = Vec::new();
        for Cell { role, .. } in &cells {
            if !roles.contains(&&**role) {
                roles.push(role);
            }
        }
        if cells.is_empty() {
            print("There are no tables.")?;
            return Ok(Outcome::Clean);
        }
        let mut rows: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for Cell { kind, name, rights, .. } in &cells {
            rows.entry(name).or_insert_with(|| vec![name.clone(), kind.clone()]).push(rights.clone());
        }
        let head = ["", ""].into_iter().chain(roles).map(str::to_owned).collect();
        let rows: Vec<_> = std::iter::once(head).chain(rows.into_values()).collect();
        print(&align(&rows))?;
        print(
            "\nS select, I insert, U update, D delete, T truncate, R references, G trigger; owner: everything.\n\
             Small letters reach the rows of one tenant, capitals all rows; * is some columns only.\n\
             guarded: row-level security is on and forced. OPEN: tenants' rows, and it is not.",
        )?;
        Ok(Outcome::Clean)
    }
}

/// Columns under each other.
pub(crate) fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}
