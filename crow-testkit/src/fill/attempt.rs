//! Inserting a row, again with other values where a constraint does not take them.

use std::sync::Arc;

use tokio_postgres::error::{DbError, SqlState};

use super::constants::candidates;
use super::table::{Column, Table};
use super::value::{Value, quoted};
use super::{FilledRow, Filler, identifier, literal};
use crate::Error;

/// How often a row is tried: as many constants as a constraint is likely to have.
const TRIES: usize = 60;

pub(super) struct Attempt<'f> {
    filler: &'f mut Filler,
    table: Arc<Table>,
    given: Vec<(String, Option<String>)>,
    wanted: &'f [String],
    made: Vec<(String, String)>,
    /// One for each constraint that has refused the row, the last one at the end.
    searches: Vec<Search>,
}

/// The way through what a constraint might take.
struct Search {
    constraint: String,
    /// What the row was before.
    before: Vec<(String, String)>,
    /// Columns of the constraint with their candidates.
    columns: Vec<(String, Vec<String>)>,
    /// Which candidate, in which columns: the next one is the last.
    left: Vec<(usize, Option<usize>)>,
}

impl<'f> Attempt<'f> {
    pub(super) fn new(
        filler: &'f mut Filler,
        table: Arc<Table>,
        given: Vec<(String, Option<String>)>,
        wanted: &'f [String],
    ) -> Self {
        Self { filler, table, given, wanted, made: Vec::new(), searches: Vec::new() }
    }

    pub(super) async fn insert(mut self) -> Result<FilledRow, Error> {
        let table = Arc::clone(&self.table);
        for column in &table.columns {
            let wanted = column.is_required() || self.wanted.contains(&column.name);
            if wanted && !self.is_given(&column.name) {
                let value = self.value(column)?;
                self.made.push((column.name.clone(), value));
            }
        }
        let mut first = None;
        for _ in 0..TRIES {
            let error = match self.try_once().await? {
                Ok(row) => {
                    self.remember();
                    return Ok(row);
                }
                Err(error) => error,
            };
            let other = match error.as_db_error() {
                Some(said) if *said.code() == SqlState::UNIQUE_VIOLATION => self.next_key()?,
                Some(said) if *said.code() == SqlState::CHECK_VIOLATION => self.search(said).await?,
                // The constant of another column's type.
                Some(said) if said.code().code().starts_with("22") => {
                    self.searches.last_mut().is_some_and(|search| search.next(&mut self.made))
                }
                _ => false,
            };
            let error = first.get_or_insert(error);
            if !other {
                return Err(refused(&table.name, error));
            }
        }
        Err(Error::Fill {
            table: table.name.clone(),
            reason: format!("none of {TRIES} rows that were tried meets its constraints"),
            cure: "Give values that do to the columns of its keys and CHECKs".into(),
        })
    }

    /// The inner error is what the server says of the row.
    async fn try_once(&mut self) -> Result<Result<FilledRow, tokio_postgres::Error>, Error> {
        let made = self.made.iter().map(|(name, value)| (name, Some(value)));
        let values = self.given.iter().map(|(name, value)| (name, value.as_ref())).chain(made);
        let (columns, values): (Vec<_>, Vec<_>) =
            values.map(|(name, value)| (identifier(name), literal(value.map(String::as_str)))).unzip();
        let name = &self.table.name;
        let values = match columns.is_empty() {
            true => "DEFAULT VALUES".into(),
            false => {
                format!("({}) OVERRIDING SYSTEM VALUE VALUES ({})", columns.join(", "), values.join(", "))
            }
        };
        let login = &self.filler.login;
        let sql = format!("SAVEPOINT filling; INSERT INTO {name} {values} RETURNING *; RELEASE filling");
        match login.client().simple_query(&sql).await {
            Ok(messages) => FilledRow::first(name, messages).map(Ok).ok_or_else(|| Error::Fill {
                table: name.clone(),
                reason: "a trigger or rule has swallowed the row".into(),
                cure: "Give values with which it lets the row pass".into(),
            }),
            Err(refused) => {
                login.run("take back a row", "ROLLBACK TO filling").await?;
                Ok(Err(refused))
            }
        }
    }

    fn is_given(&self, column: &str) -> bool {
        self.given.iter().any(|(name, _)| name == column)
    }

    /// What is known to meet the column's constraints, or a new value.
    fn value(&mut self, column: &Column) -> Result<String, Error> {
        if let Some(met) = self.filler.met.get(&(self.table.oid, column.name.clone()))
            && let Some(value) = met.first()
        {
            return Ok(value.clone());
        }
        let number = self.filler.next();
        let value = Value { types: &self.table.types, column: &column.name, seed: self.filler.seed, number };
        value.of(column.type_oid, column.modifier).map_err(|unknown| Error::Fill {
            table: self.table.name.clone(),
            reason: format!(
                "column {} is of type {unknown}, for which no value is known",
                identifier(&column.name)
            ),
            cure: format!("Give it one: {}", example(&column.name)),
        })
    }

    /// A key that is there already: what else a constraint takes whose constants are being tried, or other values.
    fn next_key(&mut self) -> Result<bool, Error> {
        let searching = self.searches.last_mut().is_some_and(|search| search.next(&mut self.made));
        if searching { Ok(true) } else { self.renumber() }
    }

    /// Other values, in turn where constants are all that is taken.
    fn renumber(&mut self) -> Result<bool, Error> {
        self.remember();
        let table = Arc::clone(&self.table);
        for at in 0..self.made.len() {
            let column = table.column(&self.made[at].0)?;
            if let Some(met) = self.filler.met.get_mut(&(table.oid, column.name.clone())) {
                met.rotate_left(1);
            }
            self.made[at].1 = self.value(column)?;
        }
        Ok(!self.made.is_empty())
    }

    /// Goes on to the next of a constraint's constants; false if there is none left.
    async fn search(&mut self, said: &DbError) -> Result<bool, Error> {
        // A row for which there is no partition is refused by no constraint that has a name.
        let name = said.constraint().unwrap_or_default();
        match self.searches.iter().position(|search| search.constraint == name) {
            // What was tried for the sake of others has to be found again.
            Some(at) => self.searches.truncate(at + 1),
            None => {
                let columns = self.columns(name, said.datatype()).await?;
                self.searches.push(Search::new(name, &self.made, columns));
            }
        }
        Ok(self.searches.last_mut().is_some_and(|search| search.next(&mut self.made)))
    }

    /// The columns of a constraint, with what may be right in them.
    async fn columns(
        &mut self,
        constraint: &str,
        domain: Option<&str>,
    ) -> Result<Vec<(String, Vec<String>)>, Error> {
        let asked = format!("describe a constraint of {}", self.table.name);
        let (sql, login, oid) = (definition(constraint, domain), &self.filler.login, &self.table.oid);
        let rows = match constraint {
            "" => login.ask(&asked, sql, &[oid]).await?,
            _ => login.ask(&asked, sql, &[oid, &constraint]).await?,
        };
        let table = Arc::clone(&self.table);
        let mut found = Vec::new();
        for row in &rows {
            let (definition, columns): (Option<String>, Vec<String>) = (row.get(0), row.get(1));
            let definition = definition.unwrap_or_default();
            for name in columns {
                if self.is_given(&name) {
                    continue;
                }
                let column = table.column(&name)?;
                let number = self.filler.next();
                let mut values = candidates(&definition, table.types.is_text(column.type_oid), number);
                if table.types.is_array(column.type_oid) {
                    values.iter_mut().for_each(|value| *value = format!("{{{}}}", quoted(value)));
                }
                if !self.made.iter().any(|(made, _)| *made == name) {
                    // It could be null, and may be what the constraint misses.
                    values.insert(0, self.value(column)?);
                }
                found.push((name, values));
            }
        }
        Ok(found)
    }

    /// Later rows begin with what this one has found.
    fn remember(&mut self) {
        for (column, candidates) in self.searches.drain(..).flat_map(|search| search.columns) {
            let value = self.made.iter().find(|(name, _)| *name == column).map(|(_, value)| value);
            if let Some(at) = candidates.iter().position(|candidate| Some(candidate) == value) {
                self.filler.met.insert((self.table.oid, column), candidates[at..].to_vec());
            }
        }
    }
}

impl Search {
    fn new(constraint: &str, made: &[(String, String)], columns: Vec<(String, Vec<String>)>) -> Self {
        // In one column first, which leaves the rest of the row alone; then in all of them.
        let most = columns.iter().map(|(_, values)| values.len()).max().unwrap_or_default();
        let one = (0..most).flat_map(|value| (0..columns.len()).map(move |column| (value, Some(column))));
        let mut left: Vec<_> = one.chain((0..most).map(|value| (value, None))).collect();
        left.reverse();
        Self { constraint: constraint.to_owned(), before: made.to_vec(), columns, left }
    }

    fn next(&mut self, made: &mut Vec<(String, String)>) -> bool {
        while let Some((at, only)) = self.left.pop() {
            let columns =
                self.columns.iter().enumerate().filter(|(number, _)| only.is_none_or(|only| only == *number));
            let values: Vec<_> =
                columns.filter_map(|(_, (column, values))| Some((column, values.get(at)?))).collect();
            if values.is_empty() {
                continue;
            }
            made.clone_from(&self.before);
            for (column, value) in values {
                made.retain(|(name, _)| name != column);
                made.push((column.clone(), value.clone()));
            }
            return true;
        }
        false
    }
}

fn definition(constraint: &str, domain: Option<&str>) -> &'static str {
    match (constraint, domain) {
        ("", _) => PARTITIONS,
        (_, Some(_)) => DOMAIN,
        (_, None) => CHECK,
    }
}

const CHECK: &str = "SELECT pg_catalog.pg_get_constraintdef(k.oid),
      ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey))
    FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = $1 AND k.conname = $2::text::name";

const DOMAIN: &str = "SELECT pg_catalog.pg_get_constraintdef(k.oid),
      ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1 AND a.attnum > 0 AND a.atttypid IN (t.oid, t.typarray))
    FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_type AS t ON t.oid = k.contypid WHERE k.conname = $2::text::name";

const PARTITIONS: &str = "SELECT pg_catalog.string_agg(pg_catalog.pg_get_expr(c.relpartbound, c.oid), ' ' ORDER BY c.relname),
      ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1 AND a.attnum = ANY (p.partattrs::int2[]))
    FROM pg_catalog.pg_partitioned_table AS p
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = p.partrelid JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
    WHERE p.partrelid = $1 GROUP BY p.partattrs";

/// Names what refused the row, and never a value in it.
pub(super) fn refused(table: &str, error: &tokio_postgres::Error) -> Error {
    let Some(said) = error.as_db_error() else {
        return Error::Fill {
            table: table.to_owned(),
            reason: error.to_string(),
            cure: "Look whether the server runs".into(),
        };
    };
    let by = match (said.constraint(), said.datatype(), said.column()) {
        (Some(constraint), Some(domain), _) => format!("constraint {constraint} of domain {domain}"),
        (Some(constraint), None, _) => format!("constraint {constraint}"),
        (None, _, Some(column)) => format!("column {column}"),
        (None, ..) => "the server".to_owned(),
    };
    Error::Fill {
        table: table.to_owned(),
        reason: format!("{by} refuses the row: {} (SQLSTATE {})", said.message(), said.code().code()),
        cure: format!(
            "Give its columns values that are right: {}",
            example(said.column().unwrap_or("column"))
        ),
    }
}

fn example(column: &str) -> String {
    format!(".set(\"{column}\", ..) on the row, `Filler::always`, or `isolation!(Model {{ column: value }})`")
}
