//! Three tenants whose data look alike: the same ids, plates and makes, and not quite the same rows.

use chrono::{Days, NaiveDate};
use uuid::Uuid;

use crate::describe::Table;
use crate::value::{Row, Value, epoch};

pub(crate) const TENANTS: usize = 3;
pub(crate) const MAKES: [(&str, &str); 3] = [("Honda", "Japan"), ("Toyota", "Japan"), ("Volvo", "Sweden")];
pub(crate) const MODELS: [&str; 5] = ["Civic", "civic", "V70_2", "O'Brien; --", "\"); $1 \\ 日本"];
pub(crate) const YEARS: [i64; 5] = [1986, 1999, 2004, 2004, 2021];
pub(crate) const WORK: [&str; 4] = ["oil", "Oil", "brakes", "100%"];
/// Ids of vehicles are below this, and ids of records from here on.
pub(crate) const RECORDS: u64 = 100;
pub(crate) const VEHICLES: u64 = 9;

pub(crate) fn tenant(index: usize) -> Uuid {
    Uuid::from_u128(1001 + index as u128)
}

pub(crate) fn id(number: u64) -> Value {
    Value::Uuid(Uuid::from_u128(number.into()))
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) fn day(number: u64) -> NaiveDate {
    epoch() + Days::new(9_000 + number)
}

/// What one tenant may see: its own rows, and the shared ones.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) tenant: Uuid,
    makes: Vec<Row>,
    pub(crate) vehicles: Vec<Row>,
    pub(crate) records: Vec<Row>,
}

impl View {
    pub(crate) fn of(index: usize) -> Self {
        let tenant = tenant(index);
        let makes = MAKES.map(|(name, country)| vec![text(name), text(country)]).to_vec();
        let n = index as u64;
        // Each tenant lacks some of the ids, so that a row of another is never the same as no row.
        let ids: Vec<u64> = (1..=VEHICLES).filter(|id| !(id + n).is_multiple_of(4)).collect();
        let pick = |number: u64, of: usize| usize::try_from(number).unwrap_or_default() % of;
        let vehicles = ids
            .iter()
            .map(|&number| {
                vec![
                    Value::Uuid(tenant),
                    id(number),
                    text(MAKES[pick(number * 2 + n, 3)].0),
                    text(MODELS[pick(number + 2 * n, 5)]),
                    Value::Int(YEARS[pick(number * 3 + n, 5)]),
                    text(&format!("P{number}")),
                ]
            })
            .collect();
        let records = (RECORDS..RECORDS + 14)
            .filter(|number| !(number + n).is_multiple_of(5))
            .map(|number| {
                vec![
                    Value::Uuid(tenant),
                    id(number),
                    // The last vehicles have no records.
                    id(ids[pick(number * 7 + n, ids.len() - 2)]),
                    text(WORK[pick(number + n, 4)]),
                    Value::Int(i64::try_from((number * 13 + n * 50) % 7 * 100).unwrap_or_default()),
                    Value::Date(day((number + n) % 4)),
                ]
            })
            .collect();
        Self { tenant, makes, vehicles, records }
    }

    pub(crate) fn rows(&self, table: Table) -> &[Row] {
        match table {
            Table::Makes => &self.makes,
            Table::Vehicles => &self.vehicles,
            Table::Records => &self.records,
        }
    }

    pub(crate) fn rows_mut(&mut self, table: Table) -> &mut Vec<Row> {
        match table {
            Table::Makes => &mut self.makes,
            Table::Vehicles => &mut self.vehicles,
            Table::Records => &mut self.records,
        }
    }
}

/// The rows of all tenants, as the database is asked for them: kind, and then the columns as text.
pub(crate) fn everything<'v>(views: impl IntoIterator<Item = &'v View>) -> Vec<String> {
    let mut lines: Vec<String> = views
        .into_iter()
        .flat_map(|view| {
            let vehicles = view.vehicles.iter().map(|row| line("vehicle", row));
            let records = view.records.iter().map(|row| line("record", row));
            vehicles.chain(records).collect::<Vec<_>>()
        })
        .collect();
    lines.sort_unstable();
    lines
}

fn line(kind: &str, row: &[Value]) -> String {
    let columns = row.iter().map(|value| match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Text(value) => value.clone(),
        Value::Uuid(value) => value.to_string(),
        Value::Date(value) => value.to_string(),
    });
    std::iter::once(kind.to_owned()).chain(columns).collect::<Vec<_>>().join("\t")
}

/// In place of an id that the database thought up: as good as all of those it is greater than the
/// ids of this test.
pub(crate) fn new_id() -> Value {
    Value::Uuid(Uuid::max())
}

/// Ids that are not of this test's making, as [`new_id`].
pub(crate) fn without_new_ids(row: Row) -> Row {
    row.into_iter()
        .map(|value| match value {
            Value::Uuid(id) if id.as_u128() > 1 << 64 => new_id(),
            value => value,
        })
        .collect()
}

/// The same in a line of [`everything`].
pub(crate) fn without_new_id(line: &str) -> String {
    let mut columns: Vec<&str> = line.split('\t').collect();
    let new = Uuid::max().to_string();
    if Uuid::parse_str(columns[2]).is_ok_and(|id| id.as_u128() > 1 << 64) {
        columns[2] = &new;
    }
    columns.join("\t")
}
