//! Names, as SQL spells them.

use std::borrow::Cow;
use std::fmt;

/// The longest name that PostgreSQL keeps whole, in bytes.
const LONGEST: usize = 63;

/// The name of a table or type: found by `search_path`, or in a schema.
///
/// It is taken as it is and quoted where SQL needs that, so `Order` and `user` are names like any other. A
/// pair names the schema first.
///
/// ```
/// use crow_core::schema::Name;
///
/// assert_eq!(Name::from("vehicles").to_string(), "vehicles");
/// assert_eq!(Name::from(("sales", "Order")).to_string(), "sales.\"Order\"");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    schema: Option<String>,
    name: String,
}

impl Name {
    /// Without its schema, and as it is.
    pub(super) fn bare(&self) -> &str {
        &self.name
    }

    /// Another name in the same schema.
    pub(super) fn beside(&self, name: String) -> Self {
        Self { schema: self.schema.clone(), name }
    }

    /// As a string in SQL that is cast to `regclass`.
    pub(super) fn literal(&self) -> String {
        literal(&self.to_string())
    }

    /// What is wrong with it.
    pub(super) fn faults(&self) -> impl Iterator<Item = String> {
        self.schema.iter().chain([&self.name]).filter_map(|part| fault(part))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", quoted(schema))?;
        }
        f.write_str(&quoted(&self.name))
    }
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Self { schema: None, name: name.to_owned() }
    }
}

impl From<(&str, &str)> for Name {
    fn from((schema, name): (&str, &str)) -> Self {
        Self { schema: Some(schema.to_owned()), name: name.to_owned() }
    }
}

impl From<&Name> for Name {
    fn from(name: &Name) -> Self {
        name.clone()
    }
}

/// A column as SQL spells it.
pub(in crate::schema) fn quoted(name: &str) -> Cow<'_, str> {
    let plain = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if plain && KEYWORDS.binary_search(&name).is_err() {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(format!("\"{}\"", name.replace('"', "\"\"")))
    }
}

/// Columns, as SQL lists them.
pub(in crate::schema) fn list<'a, S: AsRef<str> + ?Sized + 'a>(
    names: impl IntoIterator<Item = &'a S>,
) -> String {
    names.into_iter().map(|name| quoted(name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// A text as a string in SQL.
pub(in crate::schema) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Whether PostgreSQL keeps a name whole.
pub(in crate::schema) fn fits(name: &str) -> bool {
    name.len() <= LONGEST
}

/// Why PostgreSQL would not take a name as it is.
pub(super) fn fault(name: &str) -> Option<String> {
    if name.is_empty() {
        Some("a name is empty".into())
    } else if name.contains(char::is_control) {
        Some(format!("the name {name:?} has control characters"))
    } else if !fits(name) {
        Some(format!("the name {name} has {} bytes: PostgreSQL keeps {LONGEST}", name.len()))
    } else {
        None
    }
}

/// What PostgreSQL's `quote_ident` quotes: words that are not free to be any name.
const KEYWORDS: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "json",
    "json_array",
    "json_arrayagg",
    "json_exists",
    "json_object",
    "json_objectagg",
    "json_query",
    "json_scalar",
    "json_serialize",
    "json_table",
    "json_value",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "merge_action",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_sorted_for_the_search() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn what_is_no_plain_name_is_quoted() {
        for name in ["user", "Order", "1st", "naïve", "a b", "a\"b", "a-b", ""] {
            assert_eq!(quoted(name), format!("\"{}\"", name.replace('"', "\"\"")));
        }
        for name in ["users", "_x", "a1", "name", "year", "value"] {
            assert_eq!(quoted(name), name);
        }
    }
}
