//! What a statement is called by those who watch.

use std::fmt;

use diesel::query_source::QuerySource;

use super::statement::sql;
use crate::model::{Model, ScopedTable};

/// A kind of statement and the table that it begins with, and nothing of what it says.
#[derive(Clone, Copy)]
pub(crate) struct Label {
    pub(crate) operation: &'static str,
    table: Option<fn() -> String>,
}

impl Label {
    /// SQL of the user's own: its text may hold values, so it is not shown either.
    pub(super) const RLS_ONLY: Self = Self { operation: "RLS_ONLY", table: None };
    /// Several queries in one.
    pub(super) const COMBINED: Self = Self { operation: "SELECT", table: None };

    pub(super) fn select<M: Model>() -> Self {
        Self::of::<M>("SELECT")
    }

    pub(super) fn of<M: Model>(operation: &'static str) -> Self {
        Self { operation, table: Some(|| sql(&M::Table::table().from_clause()).replace('"', "")) }
    }

    /// A statement of crow's own.
    #[cfg(feature = "jobs")]
    pub(crate) fn named(operation: &'static str, table: fn() -> String) -> Self {
        Self { operation, table: Some(table) }
    }

    pub(crate) fn table(&self) -> Option<impl fmt::Display + use<>> {
        struct Table(fn() -> String);

        impl fmt::Display for Table {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0())
            }
        }

        self.table.map(Table)
    }

    /// Whether the statement may leave something behind.
    pub(crate) fn writes(&self) -> bool {
        self.operation != "SELECT"
    }

    /// Whether the text of the statement is made of names and placeholders alone.
    pub(crate) fn has_text(&self) -> bool {
        self.operation != Self::RLS_ONLY.operation
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)?;
        self.table().map_or(Ok(()), |table| write!(f, " {table}"))
    }
}
