//! Values, as the description, the memory and the database have them.

use std::fmt;

use chrono::{Days, NaiveDate};
use diesel::deserialize::{self, FromSqlRow};
use diesel::pg::Pg;
use diesel::row::Field;
use uuid::Uuid;

use crate::node::Anything;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Uuid(Uuid),
    Date(NaiveDate),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Int4,
    Int8,
    Text,
    Uuid,
    Date,
}

/// One row of a table or of a result.
pub(crate) type Row = Vec<Value>;

impl Value {
    pub(crate) fn int(&self) -> Option<i64> {
        if let Self::Int(value) = self { Some(*value) } else { None }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(value) = self { Some(value) } else { None }
    }

    pub(crate) fn uuid(&self) -> Option<Uuid> {
        if let Self::Uuid(value) = self { Some(*value) } else { None }
    }

    pub(crate) fn date(&self) -> Option<NaiveDate> {
        if let Self::Date(value) = self { Some(*value) } else { None }
    }

    pub(crate) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// What PostgreSQL's binary format says; the same for whoever asked the server.
    pub(crate) fn decode(oid: u32, bytes: Option<&[u8]>) -> Result<Self, String> {
        let Some(bytes) = bytes else { return Ok(Self::Null) };
        let wrong = || format!("{} bytes are no value of the type {oid}", bytes.len());
        Ok(match oid {
            16 => Self::Bool(bytes == [1]),
            20 => Self::Int(i64::from_be_bytes(bytes.try_into().map_err(|_| wrong())?)),
            23 => Self::Int(i32::from_be_bytes(bytes.try_into().map_err(|_| wrong())?).into()),
            25 => Self::Text(String::from_utf8(bytes.to_vec()).map_err(|_| wrong())?),
            1082 => Self::Date(
                epoch()
                    + Days::new(
                        i32::from_be_bytes(bytes.try_into().map_err(|_| wrong())?)
                            .try_into()
                            .map_err(|_| wrong())?,
                    ),
            ),
            2950 => Self::Uuid(Uuid::from_slice(bytes).map_err(|_| wrong())?),
            _ => return Err(format!("the type {oid} is not known here")),
        })
    }
}

/// PostgreSQL counts days from here.
pub(crate) fn epoch() -> NaiveDate {
    NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day of the calendar")
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
            // The ids of the test are small numbers, and so more readable.
            Self::Uuid(value) => write!(f, "#{}", value.as_u128()),
            Self::Date(value) => value.fmt(f),
        }
    }
}

/// A result row of whatever columns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cells(pub(crate) Row);

impl FromSqlRow<Anything, Pg> for Cells {
    fn build_from_row<'a>(row: &impl diesel::row::Row<'a, Pg>) -> deserialize::Result<Self> {
        (0..row.field_count())
            .map(|column| {
                let field = row.get(column).ok_or("a row has as many fields as it says")?;
                match field.value() {
                    None => Ok(Value::Null),
                    Some(value) => Ok(Value::decode(value.get_oid().get(), Some(value.as_bytes()))?),
                }
            })
            .collect::<deserialize::Result<_>>()
            .map(Self)
    }
}
