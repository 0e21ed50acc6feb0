//! Rows for tables that nobody described: what a table demands stands in the catalog.

mod attempt;
mod constants;
mod describe;
mod table;
mod value;

use std::collections::HashMap;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crow_core::TenantId;
use tokio_postgres::SimpleQueryMessage;

use crate::Error;
use crate::login::Login;
use attempt::Attempt;
use table::{ForeignKey, Table};

/// The column that says whose a row is.
pub(crate) const TENANT: &str = "tenant_id";

/// Inserts rows into any table, with a value in each column that needs one.
///
/// Columns that are NOT NULL and have no default are given values by their type, no two of them alike as far as the type
/// has so many: a later column and a later row get a greater one. Foreign keys that have to be filled
/// get a row of the parent first, of the same tenant; of a shared table that has rows already, one of these. A foreign key that is given
/// refers to a row that is there; only in a shared table it is made.
/// Where a value does not meet a CHECK, the constants of the CHECK are tried: that is enough for
/// `year BETWEEN 1886 AND 2100`, lists of words, and lengths. What it is not enough for has to be [given](RowBuilder::set).
///
/// The same seed makes the same values. It works as the migrator, who sees all tenants, and on a connection of
/// its own; each row is committed together with its parents.
///
/// ```no_run
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// use crow_core::TenantId;
/// use crow_testkit::{Filler, TestDb};
///
/// let db = TestDb::new(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).await?;
/// let (honda, toyota) = (TenantId::random(), TenantId::random());
/// let mut filler = Filler::connect(&db.owner_url(), 42).await?;
/// let record = filler.row("service_records", honda).insert().await?; // and the vehicle it belongs to
/// let jazz = filler.row("vehicles", toyota).set("model", "Jazz").set("year", 2019).insert().await?;
/// assert_eq!(jazz.get("model"), Some("Jazz"));
/// # Ok(()) }
/// ```
pub struct Filler {
    login: Login,
    seed: u64,
    number: u64,
    tables: HashMap<String, Arc<Table>>,
    /// What a CHECK has been found to take, in a table's column: this and, maybe, what follows it.
    met: HashMap<(u32, String), Vec<String>>,
    usual: HashMap<u32, Vec<(String, Option<String>)>>,
}

/// A row to insert, from [`Filler::row`].
#[must_use = "a row is not inserted until `insert` is called"]
pub struct RowBuilder<'f> {
    filler: &'f mut Filler,
    table: String,
    tenant: TenantId,
    given: Vec<(String, Option<String>)>,
    wanted: Vec<String>,
}

/// A row that was inserted, with all of its columns as PostgreSQL prints them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilledRow {
    table: String,
    columns: Vec<(String, Option<String>)>,
}

impl Filler {
    /// Connects as the owner or the migrator of the tables.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`] if the server or the role cannot be reached.
    pub async fn connect(url: &str, seed: u64) -> Result<Self, Error> {
        let login = Login::open(url).await?;
        let (tables, met, usual) = Default::default();
        Ok(Self { login, seed, number: seed % 1000, tables, met, usual })
    }

    /// A row of this tenant in a table, whose name is spelt as in SQL. In a shared table it is everybody's.
    pub fn row(&mut self, table: impl Into<String>, tenant: TenantId) -> RowBuilder<'_> {
        RowBuilder { filler: self, table: table.into(), tenant, given: Vec::new(), wanted: Vec::new() }
    }

    /// Gives a column this value in every row of the table that does not say otherwise, those included that are made as
    /// parents of others.
    ///
    /// # Errors
    ///
    /// As for [`RowBuilder::insert`], if there is no such table or column.
    pub async fn always(&mut self, table: &str, column: &str, value: impl Display) -> Result<(), Error> {
        let table = self.table(table).await?;
        table.column(column)?;
        self.usual.entry(table.oid).or_default().push((column.to_owned(), Some(value.to_string())));
        Ok(())
    }

    async fn table(&mut self, name: &str) -> Result<Arc<Table>, Error> {
        if let Some(table) = self.tables.get(name) {
            return Ok(Arc::clone(table));
        }
        let table = Arc::new(Table::read(&self.login, name).await?);
        self.tables.insert(name.to_owned(), Arc::clone(&table));
        Ok(table)
    }

    async fn insert(
        &mut self,
        table: &str,
        tenant: TenantId,
        given: Vec<(String, Option<String>)>,
        wanted: &[String],
    ) -> Result<FilledRow, Error> {
        self.login.run("begin to fill a row", "BEGIN").await?;
        let row = self.insert_below(table, tenant, given, wanted, Vec::new()).await;
        let end = if row.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = self.login.run("end filling a row", end).await;
        let row = row?;
        // What is checked at COMMIT only is said there.
        ended.map_err(|error| match error {
            Error::Statement { source, .. } => attempt::refused(&row.table, &source),
            other => other,
        })?;
        Ok(row)
    }

    /// The row and, before it, its parents. `below` are the tables whose rows wait for this one.
    fn insert_below<'a>(
        &'a mut self,
        table: &'a str,
        tenant: TenantId,
        mut given: Vec<(String, Option<String>)>,
        wanted: &'a [String],
        mut below: Vec<u32>,
    ) -> Pin<Box<dyn Future<Output = Result<FilledRow, Error>> + Send + 'a>> {
        Box::pin(async move {
            let table = self.table(table).await?;
            for column in given.iter().map(|(column, _)| column).chain(wanted) {
                table.column(column)?;
            }
            if table.has(TENANT) && !given.iter().any(|(name, _)| name == TENANT) {
                given.push((TENANT.to_owned(), Some(tenant.to_string())));
            }
            for usual in self.usual.get(&table.oid).into_iter().flatten() {
                if !given.iter().any(|(name, _)| *name == usual.0) {
                    given.push(usual.clone());
                }
            }
            below.push(table.oid);
            for key in &table.foreign_keys {
                self.refer(&table, key, tenant, &mut given, wanted, &below).await?;
            }
            Attempt::new(self, table, given, wanted).insert().await
        })
    }

    /// Sees to it that there is a row for the foreign key to refer to, if it has to refer to one.
    async fn refer(
        &mut self,
        table: &Table,
        key: &ForeignKey,
        tenant: TenantId,
        given: &mut Vec<(String, Option<String>)>,
        wanted: &[String],
        below: &[u32],
    ) -> Result<(), Error> {
        let mut known = Vec::new();
        let mut unknown = Vec::new();
        for (child, parent) in &key.columns {
            match given.iter().find(|(name, _)| name == child) {
                // A foreign key that is null in part refers to nothing.
                Some((_, None)) => return Ok(()),
                Some((_, value)) => known.push((parent.clone(), value.clone())),
                None if wanted.contains(child) || table.column(child)?.is_required() => {
                    unknown.push((child, parent))
                }
                None => return Ok(()),
            }
        }
        let parent = self.table(&key.parent).await?;
        // The row that is meant is there, or the key is wrong: one of another tenant, for instance.
        if unknown.is_empty() && parent.has(TENANT) {
            return Ok(());
        }
        // Rows of a shared table are not of this test's making.
        if !parent.has(TENANT)
            && let Some(found) = self.look_up(&parent, &known).await?
        {
            given.extend(unknown.iter().map(|(child, column)| ((*child).clone(), found.value(column))));
            return Ok(());
        }
        if below.contains(&parent.oid) {
            return Err(Error::Fill {
                table: table.name.clone(),
                reason: format!(
                    "its foreign key {} needs a row of {}, which waits for this one",
                    key.name, parent.name
                ),
                cure: format!("Make the foreign key nullable, or give its columns ({}) a value", key.spelt()),
            });
        }
        let row = self.insert_below(&parent.name, tenant, known, &[], below.to_vec()).await?;
        given.extend(unknown.iter().map(|(child, column)| ((*child).clone(), row.value(column))));
        Ok(())
    }

    async fn look_up(
        &self,
        table: &Table,
        known: &[(String, Option<String>)],
    ) -> Result<Option<FilledRow>, Error> {
        let conditions: Vec<_> = known
            .iter()
            .map(|(name, value)| format!("{} = {}", identifier(name), literal(value.as_deref())))
            .collect();
        let conditions = if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") };
        let sql = format!("SELECT * FROM {} WHERE {conditions} LIMIT 1", table.name);
        let rows = self.login.run(&format!("look for a row of {}", table.name), &sql).await?;
        Ok(FilledRow::first(&table.name, rows))
    }

    fn next(&mut self) -> u64 {
        self.number += 1;
        self.number
    }
}

impl RowBuilder<'_> {
    /// Gives a column a value, in a form that PostgreSQL reads: a number, a text, a UUID, a date and many more print themselves so.
    pub fn set(mut self, column: impl Into<String>, value: impl Display) -> Self {
        self.given.push((column.into(), Some(value.to_string())));
        self
    }

    /// Leaves a column null.
    pub fn null(mut self, column: impl Into<String>) -> Self {
        self.given.push((column.into(), None));
        self
    }

    /// Gives a column a value although it could be left out.
    pub fn also(mut self, column: impl Into<String>) -> Self {
        self.wanted.push(column.into());
        self
    }

    /// Inserts the row, and first the parents that it needs.
    ///
    /// # Errors
    ///
    /// [`Error::Fill`], with nothing inserted: if there is no such table or column, if a type is unknown, if a constraint or a
    /// trigger refuses the row, or if foreign keys that must not be null go round in a circle.
    pub async fn insert(self) -> Result<FilledRow, Error> {
        self.filler.insert(&self.table, self.tenant, self.given, &self.wanted).await
    }
}

impl FilledRow {
    fn first(table: &str, messages: Vec<SimpleQueryMessage>) -> Option<Self> {
        messages.into_iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(Self {
                table: table.to_owned(),
                columns: row
                    .columns()
                    .iter()
                    .enumerate()
                    .map(|(number, column)| (column.name().to_owned(), row.get(number).map(str::to_owned)))
                    .collect(),
            }),
            _ => None,
        })
    }

    /// The table, as SQL spells it.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The value of a column; `None` if it is null, or there is no such column.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&str> {
        self.columns.iter().find(|(name, _)| name == column).and_then(|(_, value)| value.as_deref())
    }

    /// All columns with their values.
    pub fn columns(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.columns.iter().map(|(name, value)| (&**name, value.as_deref()))
    }

    fn value(&self, column: &str) -> Option<String> {
        self.get(column).map(str::to_owned)
    }
}

/// A name as SQL spells it.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A value that takes the type of where it stands. Escapes do not depend on `standard_conforming_strings`.
pub(crate) fn literal(value: Option<&str>) -> String {
    match value {
        None => "NULL".into(),
        Some(text) if text.contains('\\') => {
            format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
        }
        Some(text) => format!("'{}'", text.replace('\'', "''")),
    }
}
