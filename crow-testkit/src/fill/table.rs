//! What the catalog says of a table.

use super::describe::Types;
use super::identifier;
use crate::Error;
use crate::login::Login;

pub(super) struct Table {
    pub(super) oid: u32,
    /// With its schema, quoted where need be.
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) foreign_keys: Vec<ForeignKey>,
    pub(super) types: Types,
}

pub(super) struct Column {
    pub(super) name: String,
    pub(super) type_oid: u32,
    pub(super) modifier: i32,
    not_null: bool,
    /// A default, an identity or a generated value.
    provided: bool,
}

pub(super) struct ForeignKey {
    pub(super) name: String,
    pub(super) parent: String,
    /// Each column with the one that it refers to.
    pub(super) columns: Vec<(String, String)>,
}

const TABLE: &str = "SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname)
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = pg_catalog.to_regclass($1::text) AND c.relkind IN ('r', 'p')";

/// A domain can be NOT NULL, or have a default, in place of the column.
const COLUMNS: &str = "SELECT a.attname::text, a.atttypid, a.atttypmod, a.attnotnull OR t.typnotnull,
      a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL
    FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

const FOREIGN_KEYS: &str = "SELECT k.conname::text, pg_catalog.format('%I.%I', n.nspname, p.relname),
      ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (number, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY place),
      ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u (number, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.number ORDER BY place)
    FROM pg_catalog.pg_constraint AS k
    JOIN pg_catalog.pg_class AS p ON p.oid = k.confrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = p.relnamespace
    WHERE k.conrelid = $1 AND k.contype = 'f'
      -- Those that stand for one of a partitioned parent's partitions repeat it.
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS whole WHERE whole.oid = k.conparentid AND whole.conrelid = k.conrelid)
    ORDER BY pg_catalog.cardinality(k.conkey), k.conname";

impl Table {
    pub(super) async fn read(login: &Login, name: &str) -> Result<Self, Error> {
        let asked = format!("describe {name}");
        let tables = login.ask(&asked, TABLE, &[&name]).await?;
        let Some(table) = tables.first() else {
            return Err(Error::Fill {
                table: name.to_owned(),
                reason: "there is no such table".into(),
                cure: "Spell its name as in SQL, with its schema if that is not on the search_path, and run its migration".into(),
            });
        };
        let (oid, name): (u32, String) = (table.get(0), table.get(1));
        let columns = login.ask(&asked, COLUMNS, &[&oid]).await?;
        let columns = columns.iter().map(|row| Column {
            name: row.get(0),
            type_oid: row.get(1),
            modifier: row.get(2),
            not_null: row.get(3),
            provided: row.get(4),
        });
        let columns = columns.collect();
        let foreign_keys = login.ask(&asked, FOREIGN_KEYS, &[&oid]).await?;
        let foreign_keys = foreign_keys.iter().map(|row| {
            let (children, parents): (Vec<String>, Vec<String>) = (row.get(2), row.get(3));
            let columns = children.into_iter().zip(parents).collect();
            ForeignKey { name: row.get(0), parent: row.get(1), columns }
        });
        let foreign_keys = foreign_keys.collect();
        let types = Types::of_table(login, oid).await?;
        Ok(Self { oid, name, columns, foreign_keys, types })
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|other| other.name == column)
    }

    pub(super) fn column(&self, name: &str) -> Result<&Column, Error> {
        self.columns.iter().find(|column| column.name == name).ok_or_else(|| Error::Fill {
            table: self.name.clone(),
            reason: format!("it has no column {}", identifier(name)),
            cure: format!(
                "Its columns are {}",
                self.columns.iter().map(|column| &*column.name).collect::<Vec<_>>().join(", ")
            ),
        })
    }
}

impl Column {
    pub(super) fn is_required(&self) -> bool {
        self.not_null && !self.provided
    }
}

impl ForeignKey {
    pub(super) fn spelt(&self) -> String {
        self.columns.iter().map(|(child, _)| &**child).collect::<Vec<_>>().join(", ")
    }
}
