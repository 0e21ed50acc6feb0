//! Columns and their types.

use std::fmt;
use std::str::FromStr;

use super::Name;

/// A column of one's own: not null, without a default, until it says otherwise.
///
/// ```
/// use crow_core::schema::{Column, Type};
///
/// Column::int4("year").check("year BETWEEN 1886 AND 2100");
/// Column::timestamptz("sold_at").nullable();
/// Column::new("colours", Type::Text.array()).default("'{}'");
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Column {
    pub(super) name: String,
    pub(super) kind: Type,
    pub(super) nullable: bool,
    pub(super) default: Option<String>,
    pub(super) check: Option<String>,
}

impl Column {
    /// A column of any type.
    pub fn new(name: impl Into<String>, kind: Type) -> Self {
        Self { name: name.into(), kind, nullable: false, default: None, check: None }
    }

    /// A column that is true or false.
    pub fn bool(name: impl Into<String>) -> Self {
        Self::new(name, Type::Bool)
    }

    /// A column that is a whole number of 32 bits.
    pub fn int4(name: impl Into<String>) -> Self {
        Self::new(name, Type::Int4)
    }

    /// A column that is a whole number of 64 bits, as cents are.
    pub fn int8(name: impl Into<String>) -> Self {
        Self::new(name, Type::Int8)
    }

    /// A column that is a floating-point number.
    pub fn float8(name: impl Into<String>) -> Self {
        Self::new(name, Type::Float8)
    }

    /// A column that is text of any length.
    pub fn text(name: impl Into<String>) -> Self {
        Self::new(name, Type::Text)
    }

    /// A column that is a UUID.
    pub fn uuid(name: impl Into<String>) -> Self {
        Self::new(name, Type::Uuid)
    }

    /// A column that is a day.
    pub fn date(name: impl Into<String>) -> Self {
        Self::new(name, Type::Date)
    }

    /// A column that is a point in time.
    pub fn timestamptz(name: impl Into<String>) -> Self {
        Self::new(name, Type::Timestamptz)
    }

    /// A column that is a JSON document.
    pub fn jsonb(name: impl Into<String>) -> Self {
        Self::new(name, Type::Jsonb)
    }

    /// The column may be null.
    pub fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// What it is if an insert does not say: an SQL expression, as `now()` or `'new'`.
    pub fn default(mut self, expression: impl Into<String>) -> Self {
        self.default = Some(expression.into());
        self
    }

    /// What has to hold: an SQL condition over the columns of the row.
    pub fn check(mut self, condition: impl Into<String>) -> Self {
        self.check = Some(condition.into());
        self
    }
}

/// A type of PostgreSQL, or one of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Type {
    /// `bool`
    Bool,
    /// `int2`, also called `smallint`
    Int2,
    /// `int4`, also called `int` and `integer`
    Int4,
    /// `int8`, also called `bigint`
    Int8,
    /// `float4`, also called `real`
    Float4,
    /// `float8`, also called `double precision`
    Float8,
    /// `numeric`, or `numeric(precision, scale)`. Comparisons of it use no index under row-level security: for
    /// money take [`Int8`](Self::Int8), in cents.
    Numeric(Option<(u16, u16)>),
    /// `text`
    Text,
    /// `varchar(length)`
    Varchar(u32),
    /// `bytea`
    Bytea,
    /// `uuid`
    Uuid,
    /// `date`
    Date,
    /// `time`
    Time,
    /// `timestamp`, which knows no time zone: [`Timestamptz`](Self::Timestamptz) is a point in time
    Timestamp,
    /// `timestamptz`
    Timestamptz,
    /// `interval`
    Interval,
    /// `json`
    Json,
    /// `jsonb`
    Jsonb,
    /// `inet`
    Inet,
    /// `cidr`
    Cidr,
    /// `macaddr`
    Macaddr,
    /// An array of another type.
    Array(Box<Type>),
    /// An enum, a domain or a composite type that another migration creates; see
    /// [`TableMigrations::existing_type`](super::TableMigrations::existing_type).
    Named(Name),
}

/// The types without a parameter: as PostgreSQL calls them for short and at length, and as diesel does.
const PLAIN: &[(Type, &str, &[&str], &str)] = &[
    (Type::Bool, "bool", &["boolean"], "Bool"),
    (Type::Int2, "int2", &["smallint"], "Int2"),
    (Type::Int4, "int4", &["int", "integer"], "Int4"),
    (Type::Int8, "int8", &["bigint"], "Int8"),
    (Type::Float4, "float4", &["real"], "Float4"),
    (Type::Float8, "float8", &["double precision"], "Float8"),
    (Type::Numeric(None), "numeric", &["decimal"], "Numeric"),
    (Type::Text, "text", &[], "Text"),
    (Type::Bytea, "bytea", &[], "Bytea"),
    (Type::Uuid, "uuid", &[], "Uuid"),
    (Type::Date, "date", &[], "Date"),
    (Type::Time, "time", &["time without time zone"], "Time"),
    (Type::Timestamp, "timestamp", &["timestamp without time zone"], "Timestamp"),
    (Type::Timestamptz, "timestamptz", &["timestamp with time zone"], "Timestamptz"),
    (Type::Interval, "interval", &[], "Interval"),
    (Type::Json, "json", &[], "Json"),
    (Type::Jsonb, "jsonb", &[], "Jsonb"),
    (Type::Inet, "inet", &[], "Inet"),
    (Type::Cidr, "cidr", &[], "Cidr"),
    (Type::Macaddr, "macaddr", &[], "MacAddr"),
];

impl Type {
    /// An array of this type.
    #[must_use]
    pub fn array(self) -> Self {
        Self::Array(Box::new(self))
    }

    /// A type of one's own, such as an enum.
    pub fn named(name: impl Into<Name>) -> Self {
        Self::Named(name.into())
    }

    /// Its name, if somebody else creates it.
    pub(super) fn own(&self) -> Option<&Name> {
        match self {
            Self::Array(element) => element.own(),
            Self::Named(name) => Some(name),
            _ => None,
        }
    }

    /// What is wrong with its parameters.
    pub(super) fn fault(&self) -> Option<String> {
        match self {
            Self::Numeric(Some((precision, scale)))
                if *precision == 0 || *precision > 1000 || scale > precision =>
            {
                Some(format!("{self}: a precision is 1 to 1000, and a scale no more than that"))
            }
            Self::Varchar(length) if *length == 0 || *length > 10_485_760 => {
                Some(format!("{self}: a length is 1 to 10485760"))
            }
            Self::Array(element) if matches!(**element, Self::Array(_)) => Some(format!(
                "{self}: PostgreSQL does not tell arrays of arrays from arrays, write `{}`",
                element
            )),
            Self::Array(element) => element.fault(),
            _ => None,
        }
    }

    /// As `table!` spells it.
    pub(super) fn diesel(&self) -> String {
        match self {
            Self::Numeric(_) => "Numeric".into(),
            Self::Varchar(_) => "Varchar".into(),
            Self::Array(element) => format!("Array<Nullable<{}>>", element.diesel()),
            Self::Named(name) => upper_camel(name.bare()),
            plain => {
                PLAIN.iter().find(|known| known.0 == *plain).map_or_else(String::new, |known| known.3.into())
            }
        }
    }
}

/// As diesel's CLI names the types that it finds.
fn upper_camel(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    };
    name.split('_').filter_map(word).collect()
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numeric(Some((precision, scale))) => write!(f, "numeric({precision}, {scale})"),
            Self::Varchar(length) => write!(f, "varchar({length})"),
            Self::Array(element) => write!(f, "{element}[]"),
            Self::Named(name) => name.fmt(f),
            plain => match PLAIN.iter().find(|known| known.0 == *plain) {
                Some((_, name, ..)) => f.write_str(name),
                None => Ok(()),
            },
        }
    }
}

/// A type that PostgreSQL does not have, or that crow does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the column type {0:?} is not known: use one of {known}, varchar(n), numeric(p, s), with [] behind it for an array; \
     an enum or domain of one's own is `Type::named(..)`",
    known = PLAIN.iter().map(|known| known.1).collect::<Vec<_>>().join(", ")
)]
pub struct UnknownType(String);

/// Reads a built-in type as SQL spells it.
///
/// ```
/// use crow_core::schema::Type;
///
/// assert_eq!("integer".parse(), Ok(Type::Int4));
/// assert_eq!("varchar(40)[]".parse(), Ok(Type::Varchar(40).array()));
/// assert!("strng".parse::<Type>().unwrap_err().to_string().contains("is not known"));
/// ```
impl FromStr for Type {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let unknown = || UnknownType(text.to_owned());
        let name = text.trim().to_ascii_lowercase();
        if let Some(element) = name.strip_suffix("[]") {
            return element.parse().map(Self::array).map_err(|_| unknown());
        }
        if let Some((kind, ..)) =
            PLAIN.iter().find(|(_, short, long, _)| *short == name || long.contains(&&*name))
        {
            return Ok(kind.clone());
        }
        let (base, parameters) =
            name.strip_suffix(')').and_then(|name| name.split_once('(')).ok_or_else(unknown)?;
        let mut numbers = parameters.split(',').map(str::trim);
        let kind = match (base.trim(), numbers.next(), numbers.next(), numbers.next()) {
            ("varchar" | "character varying", Some(length), None, None) => {
                length.parse().ok().map(Self::Varchar)
            }
            ("numeric" | "decimal", Some(precision), scale, None) => {
                let scale = scale.map_or(Ok(0), str::parse);
                precision.parse().ok().zip(scale.ok()).map(|parameters| Self::Numeric(Some(parameters)))
            }
            _ => None,
        };
        kind.ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let more =
            [Type::Varchar(3), Type::Numeric(Some((10, 2))), Type::Text.array(), Type::Varchar(3).array()];
        for kind in PLAIN.iter().map(|known| known.0.clone()).chain(more) {
            assert_eq!(kind.to_string().parse(), Ok(kind.clone()));
            assert!(!kind.diesel().is_empty());
        }
    }

    #[test]
    fn what_is_no_type_is_refused() {
        for text in [
            "",
            "strng",
            "varchar()",
            "varchar(x)",
            "varchar(1,2)",
            "numeric(1,2,3)",
            "text(3)",
            "[]",
            "serial",
        ] {
            assert_eq!(text.parse::<Type>(), Err(UnknownType(text.into())));
        }
    }
}
