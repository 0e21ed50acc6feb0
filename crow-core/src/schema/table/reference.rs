//! Foreign keys.

use super::Name;

/// A foreign key to another table, and the column that holds it.
///
/// By its name alone (`.references("vehicles")`) it is a column `vehicle_id` that is not null, and the row that
/// it refers to cannot be deleted while it is referred to. PostgreSQL looks at the end of the statement, so that a
/// cascade by another way may take both.
///
/// ```
/// use crow_core::schema::{Reference, TenantTable};
///
/// TenantTable::new("service_records")
///     .references(Reference::to("vehicles").cascade())
///     .references(Reference::to("employees").named("mechanic_id").set_null());
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Reference {
    pub(super) parent: Name,
    pub(super) column: Option<String>,
    pub(super) nullable: bool,
    pub(super) on_delete: OnDelete,
}

/// What becomes of the row when the one that it refers to goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnDelete {
    Restrict,
    Cascade,
    SetNull,
}

impl Reference {
    /// To a row of a table that is created before, or of the same one.
    pub fn to(parent: impl Into<Name>) -> Self {
        Self { parent: parent.into(), column: None, nullable: false, on_delete: OnDelete::Restrict }
    }

    /// Names the column. By default it is the parent's name in the singular and the name of its key, as in
    /// `vehicle_id`; for a word whose plural is not regular write it here.
    pub fn named(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// The column may be null.
    pub fn optional(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// The row goes with the one that it refers to.
    pub fn cascade(mut self) -> Self {
        self.on_delete = OnDelete::Cascade;
        self
    }

    /// The column becomes null when the row that it refers to goes; so it is optional. The tenant stays.
    pub fn set_null(mut self) -> Self {
        self.on_delete = OnDelete::SetNull;
        self.optional()
    }

    pub(super) fn column_name(&self, key: &str) -> String {
        let default = || format!("{}_{key}", singular(self.parent.bare()));
        self.column.clone().unwrap_or_else(default)
    }
}

impl<N: Into<Name>> From<N> for Reference {
    fn from(parent: N) -> Self {
        Self::to(parent)
    }
}

/// Of regular English plurals.
fn singular(plural: &str) -> String {
    if let Some(stem) = plural.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    let hissing = ["sses", "shes", "ches", "xes", "zes"].iter().any(|end| plural.ends_with(end));
    let end = if hissing { "es" } else { "s" };
    match plural.strip_suffix(end) {
        Some(stem) if !plural.ends_with("ss") => stem.to_owned(),
        _ => plural.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::singular;

    #[test]
    fn regular_plurals_become_singular() {
        let words = [
            ("vehicles", "vehicle"),
            ("companies", "company"),
            ("addresses", "address"),
            ("boxes", "box"),
            ("branches", "branch"),
            ("invoices", "invoice"),
            ("ties", "tie"),
            ("houses", "house"),
            ("staff", "staff"),
            ("glass", "glass"),
            ("s", ""),
        ];
        for (plural, expected) in words {
            assert_eq!(singular(plural), expected);
        }
    }
}
