//! What the catalog says of types.

use std::collections::HashMap;

use crate::Error;
use crate::login::Login;

/// The types of a table's columns, and those that they are made of.
pub(super) struct Types(HashMap<u32, Type>);

/// One type, as far as a value has to be made for it.
pub(super) enum Type {
    Base { name: String, is_text: bool },
    Enum { labels: Vec<String> },
    Domain { base: u32, modifier: i32 },
    Array { element: u32 },
    Range { of: u32 },
    Multirange { of: u32 },
    Composite { fields: usize },
}

const TYPES: &str = "WITH RECURSIVE used (oid) AS (
      SELECT atttypid FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped
      UNION
      SELECT inner_type FROM used JOIN pg_catalog.pg_type AS t ON t.oid = used.oid
      LEFT JOIN pg_catalog.pg_range AS r ON t.oid IN (r.rngtypid, r.rngmultitypid)
      CROSS JOIN LATERAL (VALUES (t.typbasetype), (CASE t.typcategory WHEN 'A' THEN t.typelem END), (r.rngsubtype)) AS v (inner_type)
      WHERE inner_type <> 0)
    SELECT t.oid, t.typname::text, t.typtype, t.typcategory, t.typbasetype, t.typtypmod, t.typelem, r.rngsubtype,
      ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
      (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
    FROM used JOIN pg_catalog.pg_type AS t ON t.oid = used.oid
    LEFT JOIN pg_catalog.pg_range AS r ON t.oid IN (r.rngtypid, r.rngmultitypid)";

impl Types {
    pub(super) async fn of_table(login: &Login, table: u32) -> Result<Self, Error> {
        let rows = login.ask("describe types", TYPES, &[&table]).await?;
        let types = rows.iter().map(|row| {
            let letter = |number| char::from(row.get::<_, i8>(number).cast_unsigned());
            let described = match (letter(2), letter(3)) {
                ('e', _) => Type::Enum { labels: row.get(8) },
                ('d', _) => Type::Domain { base: row.get(4), modifier: row.get(5) },
                ('r', _) => Type::Range { of: row.get(7) },
                ('m', _) => Type::Multirange { of: row.get(7) },
                ('c', _) => Type::Composite { fields: usize::try_from(row.get::<_, i64>(9)).unwrap_or(0) },
                (_, 'A') => Type::Array { element: row.get(6) },
                (_, category) => Type::Base { name: row.get(1), is_text: category == 'S' },
            };
            (row.get(0), described)
        });
        Ok(Self(types.collect()))
    }

    pub(super) fn get(&self, oid: u32) -> Option<&Type> {
        self.0.get(&oid)
    }

    /// Whether values of the type are texts, below any domain.
    pub(super) fn is_text(&self, oid: u32) -> bool {
        match self.get(oid) {
            Some(Type::Base { is_text, .. }) => *is_text,
            Some(Type::Domain { base, .. }) => self.is_text(*base),
            _ => false,
        }
    }

    pub(super) fn is_array(&self, oid: u32) -> bool {
        matches!(self.get(oid), Some(Type::Array { .. }))
    }
}
