//! The table that is attacked, as the catalog has it, and the rows in it.

use crate::Error;
use crate::fill::{FilledRow, TENANT, identifier, literal};
use crate::login::Login;

/// What attacks are made of.
pub(crate) struct Target {
    /// With its schema, as SQL spells it.
    pub(crate) table: String,
    /// Whether it is partitioned by tenants, so that PostgreSQL allows no key that does without them.
    pub(crate) by_tenant: bool,
    /// Those that can be written.
    pub(crate) columns: Vec<String>,
    /// The columns of unique keys, the primary one first.
    pub(crate) keys: Vec<Vec<String>>,
    /// Tenant tables that it refers to.
    pub(crate) parents: Vec<Reference>,
    /// Tenant tables that refer to it.
    pub(crate) children: Vec<Reference>,
    pub(crate) partitions: Vec<String>,
    pub(crate) views: Vec<View>,
    pub(crate) rows: Rows,
}

/// A foreign key.
pub(crate) struct Reference {
    pub(crate) name: String,
    /// The table at its other end.
    pub(crate) table: String,
    /// Each referring column, and the one that it refers to, without the tenants'.
    pub(crate) columns: Vec<(String, String)>,
}

pub(crate) struct View {
    pub(crate) name: String,
    /// Whether rows can be deleted through it.
    pub(crate) writable: bool,
    pub(crate) materialized: bool,
}

/// The rows that are there, and those that are not.
pub(crate) struct Rows {
    pub(crate) attacker: String,
    pub(crate) victim: String,
    pub(crate) own: FilledRow,
    pub(crate) theirs: FilledRow,
    /// One that the attacker can insert.
    pub(crate) spare: FilledRow,
    /// One that the victim can insert.
    pub(crate) their_spare: FilledRow,
    /// One whose keys nobody has.
    pub(crate) nobodys: FilledRow,
    /// The row of the victim's that refers to [`theirs`](Self::theirs), of each child.
    pub(crate) children: Vec<FilledRow>,
}

/// The shape of a table, before there are rows.
pub(crate) struct Shape {
    pub(crate) table: String,
    pub(crate) schema: String,
    pub(crate) by_tenant: bool,
    pub(crate) columns: Vec<String>,
    pub(crate) keys: Vec<Vec<String>>,
    pub(crate) parents: Vec<Reference>,
    pub(crate) children: Vec<Reference>,
    pub(crate) partitions: Vec<String>,
    pub(crate) views: Vec<View>,
}

const COLUMNS: &str = "SELECT c.oid, EXISTS (SELECT FROM pg_catalog.pg_partitioned_table AS p JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.partrelid
        WHERE p.partrelid = c.oid AND a.attnum = ANY (p.partattrs::int2[]) AND a.attname = 'tenant_id'), pg_catalog.format('%I.%I', n.nspname, c.relname),
      ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum),
      pg_catalog.quote_ident(n.nspname)
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = pg_catalog.to_regclass($1::text) AND c.relkind IN ('r', 'p')";

/// Of what can be told from columns: no expressions, no parts of the rows.
const KEYS: &str = "SELECT ARRAY(SELECT a.attname::text FROM pg_catalog.generate_subscripts(x.indkey, 1) AS i
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[i] WHERE i < x.indnkeyatts ORDER BY i)
    FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS c ON c.oid = x.indexrelid
    WHERE x.indrelid = $1 AND x.indisunique AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL
    -- The order of a primary key's name stays where it has become an index of another kind.
    ORDER BY NOT x.indisprimary, c.relname NOT LIKE '%pkey', c.relname";

const REFERENCES: &str = "SELECT k.conname::text, pg_catalog.format('%I.%I', n.nspname, c.relname),
      ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (number, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY place),
      ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u (number, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.number ORDER BY place)
    FROM pg_catalog.pg_constraint AS k
    JOIN pg_catalog.pg_class AS c ON c.oid = CASE WHEN $2 THEN k.confrelid ELSE k.conrelid END
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT c.relispartition
      AND CASE WHEN $2 THEN k.conrelid ELSE k.confrelid END = $1
      AND EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
    ORDER BY k.conname, c.relname";

const PARTITIONS: &str = "WITH RECURSIVE family (oid) AS (
      SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = $1
      UNION SELECT i.inhrelid FROM family AS f JOIN pg_catalog.pg_inherits AS i ON i.inhparent = f.oid)
    SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
    FROM family AS f JOIN pg_catalog.pg_class AS c ON c.oid = f.oid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    ORDER BY 1";

const VIEWS: &str = "WITH RECURSIVE reads (oid) AS (
      SELECT $1::oid
      UNION
      SELECT w.ev_class FROM reads AS r
      JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = r.oid
        AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
      JOIN pg_catalog.pg_rewrite AS w ON w.oid = d.objid)
    SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind = 'v' AND pg_catalog.pg_relation_is_updatable(c.oid, false) & 16 <> 0, c.relkind = 'm'
    FROM reads AS r JOIN pg_catalog.pg_class AS c ON c.oid = r.oid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('v', 'm') ORDER BY 1";

impl Shape {
    pub(crate) async fn read(login: &Login, table: &str) -> Result<Self, Error> {
        let asked = format!("describe {table}");
        let found = login.ask(&asked, COLUMNS, &[&table]).await?;
        let Some(row) = found.first() else {
            return Err(Error::Fill {
                table: table.to_owned(),
                reason: "there is no such table".into(),
                cure: "Run the migration that makes it".into(),
            });
        };
        let oid: u32 = row.get(0);
        let keys = login.ask(&asked, KEYS, &[&oid]).await?;
        let (parents, children) = (references(login, oid, true).await?, references(login, oid, false).await?);
        let partitions = login.ask(&asked, PARTITIONS, &[&oid]).await?;
        let views = login.ask(&asked, VIEWS, &[&oid]).await?;
        Ok(Self {
            by_tenant: row.get(1),
            table: row.get(2),
            columns: row.get(3),
            schema: row.get(4),
            keys: keys.iter().map(|row| row.get(0)).collect(),
            parents,
            children,
            partitions: partitions.iter().map(|row| row.get(0)).collect(),
            views: views
                .iter()
                .map(|row| View { name: row.get(0), writable: row.get(1), materialized: row.get(2) })
                .collect(),
        })
    }

    pub(crate) fn with(self, rows: Rows) -> Target {
        let Self { table, by_tenant, columns, keys, parents, children, partitions, views, .. } = self;
        Target { table, by_tenant, columns, keys, parents, children, partitions, views, rows }
    }

    /// Columns that may be null and that attacks have a use for: those of keys and of foreign keys to other tables.
    pub(crate) fn wanted(&self) -> Vec<String> {
        let parents = self.parents.iter().filter(|parent| parent.table != self.table);
        let referring = parents.flat_map(|parent| &parent.columns).map(|(child, _)| child);
        let mut wanted: Vec<_> = self.keys.iter().skip(1).flatten().chain(referring).cloned().collect();
        wanted.retain(|column| column != TENANT && self.columns.contains(column));
        wanted.sort();
        wanted.dedup();
        wanted
    }
}

/// Those of a table to its parents, or of its children to it.
async fn references(login: &Login, table: u32, to_parents: bool) -> Result<Vec<Reference>, Error> {
    let rows = login.ask("describe foreign keys", REFERENCES, &[&table, &to_parents]).await?;
    let references = rows.iter().map(|row| {
        let (children, parents): (Vec<String>, Vec<String>) = (row.get(2), row.get(3));
        let columns = children.into_iter().zip(parents).filter(|(child, _)| child != TENANT);
        Reference { name: row.get(0), table: row.get(1), columns: columns.collect() }
    });
    Ok(references.filter(|reference| !reference.columns.is_empty()).collect())
}

impl Target {
    /// The columns that name a row within its tenant.
    fn key(&self) -> Result<Vec<&String>, String> {
        let key: Vec<_> =
            self.keys.first().into_iter().flatten().filter(|column| *column != TENANT).collect();
        if key.is_empty() { Err("no key beside the tenant".into()) } else { Ok(key) }
    }

    /// The condition that is true for the row whose key is that of `row`.
    pub(crate) fn is(&self, row: &FilledRow) -> Result<String, String> {
        let conditions = self
            .key()?
            .into_iter()
            .map(|column| equal(&format!("t.{}", identifier(column)), row.get(column)));
        Ok(conditions.collect::<Vec<_>>().join(" AND "))
    }

    /// A statement that shows all rows that it sees.
    pub(crate) fn list(&self) -> String {
        format!("SELECT t::text AS text FROM {} AS t", self.table)
    }

    /// An assignment that changes nothing, to a column that is part of no key where there is one.
    pub(crate) fn assignment(&self) -> String {
        let in_key = |column: &&String| {
            self.keys
                .iter()
                .flatten()
                .chain(self.parents.iter().flat_map(|p| &p.columns).map(|(child, _)| child))
                .any(|other| other == *column)
        };
        let column = self.columns.iter().find(|column| !in_key(column) && *column != TENANT);
        let column = identifier(column.map_or(TENANT, |column| column));
        format!("{column} = t.{column}")
    }

    /// Inserts a row that is not there, with these columns instead.
    pub(crate) fn insert(&self, row: &FilledRow, instead: &[(String, Option<&str>)]) -> String {
        let (columns, values): (Vec<_>, Vec<_>) = self
            .columns
            .iter()
            .map(|column| {
                let other = instead.iter().find(|(name, _)| name == column).map(|(_, value)| *value);
                (identifier(column), literal(other.unwrap_or_else(|| row.get(column))))
            })
            .unzip();
        format!(
            "INSERT INTO {} AS t ({}) OVERRIDING SYSTEM VALUE VALUES ({})",
            self.table,
            columns.join(", "),
            values.join(", ")
        )
    }

    /// What makes a row the victim's: its tenant, and parents of that tenant's.
    pub(crate) fn of_victim(&self) -> Vec<(String, Option<&str>)> {
        let parents = self.parents.iter().flat_map(|parent| &parent.columns);
        let theirs = parents.map(|(column, _)| (column.clone(), self.rows.their_spare.get(column)));
        std::iter::once((TENANT.to_owned(), Some(&*self.rows.victim))).chain(theirs).collect()
    }

    /// A key's columns with the values of a row, without the tenant's; none if one of them is null.
    pub(crate) fn key_values<'r>(
        &self,
        key: &[String],
        row: &'r FilledRow,
    ) -> Option<Vec<(String, Option<&'r str>)>> {
        let columns = key.iter().filter(|column| *column != TENANT);
        let values: Option<Vec<_>> =
            columns.map(|column| Some((column.clone(), Some(row.get(column)?)))).collect();
        values.filter(|values| !values.is_empty())
    }

    /// Where an upsert finds the conflict.
    pub(crate) fn conflict(&self) -> Result<String, String> {
        let key = self.keys.first().ok_or("no key")?;
        self.key()?;
        Ok(key.iter().map(|column| identifier(column)).collect::<Vec<_>>().join(", "))
    }

    /// The foreign key's columns, and the values with which they refer to a row of the victim's.
    pub(crate) fn link(&self, parent: &Reference) -> Option<Vec<(String, Option<&str>)>> {
        let Rows { theirs, their_spare, .. } = &self.rows;
        let values = parent.columns.iter().map(|(child, of_parent)| {
            let itself = (parent.table == self.table).then(|| theirs.get(of_parent)).flatten();
            Some((child.clone(), Some(their_spare.get(child).or(itself)?)))
        });
        values.collect()
    }

    /// `column = value`, as an UPDATE sets them.
    pub(crate) fn set(values: &[(String, Option<&str>)]) -> String {
        let assignments =
            values.iter().map(|(column, value)| format!("{} = {}", identifier(column), literal(*value)));
        assignments.collect::<Vec<_>>().join(", ")
    }

    /// Texts by which something of the victim's is recognised: none of them is in a row of the attacker's.
    pub(crate) fn marks(&self) -> Vec<String> {
        let rows = &self.rows;
        let known: Vec<_> = [&rows.own, &rows.spare, &rows.nobodys]
            .into_iter()
            .flat_map(FilledRow::columns)
            .filter_map(|(_, value)| value)
            .collect();
        let theirs = std::iter::once(&rows.theirs).chain(&rows.children).flat_map(FilledRow::columns);
        let mut marks: Vec<_> = theirs
            .filter_map(|(_, value)| value)
            .filter(|value| {
                value.len() >= 8 && *value != rows.victim && !known.iter().any(|known| known.contains(value))
            })
            .map(str::to_owned)
            .collect();
        marks.push(rows.victim.clone());
        marks
    }
}

/// `column = value`, also of nothing.
pub(crate) fn equal(column: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => format!("{column} = {}", literal(Some(value))),
        None => format!("{column} IS NULL"),
    }
}
