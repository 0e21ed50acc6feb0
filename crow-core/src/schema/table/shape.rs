//! What tenant tables and shared tables have in common, and the SQL that creates them.

use std::collections::BTreeSet;
use std::iter;

use super::columns::{Column, Type};
use super::migrations::{Known, Parent};
use super::name::{self, list, quoted};
use super::reference::{OnDelete, Reference};
use super::{Name, sql};

/// A table as it was described.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) name: Name,
    /// Leads every key and index: `tenant_id`, or nothing.
    pub(super) lead: &'static [&'static str],
    /// The primary key behind that.
    pub(super) key: Vec<Column>,
    pub(super) columns: Vec<Column>,
    /// Columns that every table of the kind ends with.
    pub(super) tail: Vec<Column>,
    pub(super) references: Vec<Reference>,
    pub(super) unique: Vec<Vec<String>>,
    pub(super) indexes: Vec<Index>,
}

#[derive(Debug, Clone)]
pub(super) struct Index {
    pub(super) columns: Vec<String>,
    pub(super) condition: Option<String>,
}

/// A reference whose parent was found.
pub(super) struct ForeignKey {
    pub(super) column: Column,
    clause: String,
}

impl Shape {
    pub(super) fn new(name: Name, lead: &'static [&'static str], key: Vec<Column>) -> Self {
        let (columns, tail, references) = Default::default();
        Self { name, lead, key, columns, tail, references, unique: Vec::new(), indexes: Vec::new() }
    }

    /// No two rows have the same values in these columns, behind those that lead.
    pub(super) fn unique<C: Into<String>>(&mut self, columns: impl IntoIterator<Item = C>) {
        self.unique.push(columns.into_iter().map(Into::into).collect());
    }

    /// An index over these columns, of all rows or of those for which a condition holds.
    pub(super) fn index<C: Into<String>>(
        &mut self,
        columns: impl IntoIterator<Item = C>,
        condition: Option<String>,
    ) {
        self.indexes.push(Index { columns: columns.into_iter().map(Into::into).collect(), condition });
    }

    /// The columns that hold the foreign keys; what is wrong with them goes to `faults`.
    pub(super) fn foreign_keys(&self, known: &Known, faults: &mut Vec<String>) -> Vec<ForeignKey> {
        let mut keys = Vec::new();
        for reference in &self.references {
            let itself = Parent { tenant: !self.lead.is_empty(), key: self.key.clone() };
            let parent =
                if reference.parent == self.name { Some(&itself) } else { known.table(&reference.parent) };
            let Some(parent) = parent else {
                faults.push(format!(
                    "it refers to {0}, which no migration before it creates: move it behind that, or say \
                     `existing({0:?})` if SQL written by hand has created it",
                    reference.parent.to_string()
                ));
                continue;
            };
            let [key] = &parent.key[..] else {
                faults.push(format!(
                    "it refers to {}, whose key has {} columns: only keys of one column can be referred to",
                    reference.parent,
                    parent.key.len()
                ));
                continue;
            };
            if parent.tenant && self.lead.is_empty() {
                faults.push(format!(
                    "a shared table cannot refer to {}, whose rows are tenants'",
                    reference.parent
                ));
                continue;
            }
            let mut column = Column::new(reference.column_name(&key.name), key.kind.clone());
            column.nullable = reference.nullable;
            let lead = if parent.tenant { self.lead } else { &[] };
            let own = list(lead.iter().copied().chain([&*column.name]));
            let theirs = list(lead.iter().copied().chain([&*key.name]));
            let on_delete = match reference.on_delete {
                OnDelete::Restrict => String::new(),
                OnDelete::Cascade => " ON DELETE CASCADE".into(),
                OnDelete::SetNull => format!(" ON DELETE SET NULL ({})", quoted(&column.name)),
            };
            let clause = format!("FOREIGN KEY ({own}) REFERENCES {} ({theirs}){on_delete}", reference.parent);
            keys.push(ForeignKey { column, clause });
        }
        keys
    }

    /// All columns in order, `tenant_id` excepted.
    pub(super) fn all_columns<'a>(&'a self, keys: &'a [ForeignKey]) -> impl Iterator<Item = &'a Column> {
        let keys = keys.iter().map(|key| &key.column);
        self.key.iter().chain(keys).chain(&self.columns).chain(&self.tail)
    }

    /// The indexes that were asked for, and one for each foreign key that no other index or key leads with: without it
    /// each row that is deleted from the parent is looked for in all rows of the table.
    pub(super) fn all_indexes(&self, keys: &[ForeignKey]) -> Vec<Index> {
        let leads = |columns: &[String], key: &ForeignKey| columns.first() == Some(&key.column.name);
        let missing = keys.iter().filter(|key| {
            let indexed =
                self.indexes.iter().any(|index| index.condition.is_none() && leads(&index.columns, key));
            !indexed && !self.unique.iter().any(|unique| leads(unique, key))
        });
        let of_keys = missing.map(|key| Index { columns: vec![key.column.name.clone()], condition: None });
        self.indexes.iter().cloned().chain(of_keys).collect()
    }

    /// Everything that PostgreSQL, or crow's audit, would refuse.
    pub(super) fn faults(&self, known: &Known, keys: &[ForeignKey]) -> Vec<String> {
        let mut faults: Vec<String> = self.name.faults().collect();
        if known.table(&self.name).is_some() {
            faults.push("another migration creates a table of this name".into());
        }
        let mut names: BTreeSet<&str> = self.lead.iter().copied().collect();
        for column in self.all_columns(keys) {
            faults.extend(column_faults(column, known));
            if !names.insert(&column.name) {
                faults.push(format!(
                    "the column {} is there twice{}",
                    column.name,
                    self.own_column(&column.name)
                ));
            }
        }
        let indexes = self.all_indexes(keys);
        for columns in self.unique.iter().chain(indexes.iter().map(|index| &index.columns)) {
            faults.extend(index_faults(columns, &names, self.lead));
        }
        for index in &indexes {
            let condition = index.condition.as_deref();
            faults.extend(
                condition.and_then(sql::fault).map(|fault| format!("the condition of an index: {fault}")),
            );
        }
        faults.extend(self.generated_name_faults(keys, &indexes));
        faults
    }

    fn own_column(&self, name: &str) -> &'static str {
        let own =
            self.lead.iter().copied().chain(self.key.iter().chain(&self.tail).map(|column| &*column.name));
        if own.into_iter().any(|own| own == name) { ": each table of this kind has it of itself" } else { "" }
    }

    /// PostgreSQL would shorten them, or number those that are taken.
    fn generated_name_faults(&self, keys: &[ForeignKey], indexes: &[Index]) -> Vec<String> {
        let mut taken = BTreeSet::new();
        let mut faults = Vec::new();
        for (name, what) in self.generated_names(keys, indexes) {
            faults.extend(name::fault(&name).map(|fault| format!("{what}: {fault}")));
            if !taken.insert(name.clone()) {
                faults.push(format!("{what} would be a second {name}"));
            }
        }
        faults
    }

    /// What PostgreSQL calls constraints and indexes that are not named; a program meets them in errors.
    fn generated_names(&self, keys: &[ForeignKey], indexes: &[Index]) -> Vec<(String, String)> {
        let table = self.name.bare();
        let over = |columns: &[String], end: &str| {
            let columns = self.lead.iter().copied().chain(columns.iter().map(|column| &**column));
            iter::once(table).chain(columns).chain([end]).collect::<Vec<_>>().join("_")
        };
        let mut names = vec![(format!("{table}_pkey"), "the primary key".to_owned())];
        for column in self.all_columns(keys).filter(|column| column.check.is_some()) {
            names.push((format!("{table}_{}_check", column.name), format!("the check of {}", column.name)));
        }
        for columns in &self.unique {
            names.push((over(columns, "key"), format!("the unique key over {}", columns.join(", "))));
        }
        for key in keys {
            let columns = [key.column.name.clone()];
            names.push((over(&columns, "fkey"), format!("the foreign key {}", key.column.name)));
        }
        for (at, index) in indexes.iter().enumerate() {
            // PostgreSQL numbers them; the same one twice is a mistake.
            let alike = indexes[..at].iter().filter(|other| other.columns == index.columns);
            let number = match alike.clone().count() {
                _ if alike.clone().any(|other| other.condition == index.condition) => String::new(),
                0 => String::new(),
                count => count.to_string(),
            };
            let what = format!("the index over {}", index.columns.join(", "));
            names.push((over(&index.columns, &format!("idx{number}")), what));
        }
        names
    }

    /// CREATE TABLE and CREATE INDEX, each a statement.
    pub(super) fn create(&self, keys: &[ForeignKey], partitioning: &str) -> Vec<String> {
        let tenant = Column::uuid("tenant_id");
        let lead = self.lead.iter().map(|_| &tenant);
        let columns: Vec<_> = lead.chain(self.all_columns(keys)).map(Cells::of).collect();
        let name_width = width(columns.iter().map(|column| &column.name));
        let kind_width = width(columns.iter().map(|column| &column.kind));
        let mut parts: Vec<String> = columns
            .iter()
            .map(|Cells { name, kind, rest }| {
                let line = format!("{name:name_width$} {kind:kind_width$} {rest}");
                line.trim_end().to_owned()
            })
            .collect();
        let key = self.key.iter().map(|column| &*column.name);
        parts.push(format!("PRIMARY KEY ({})", list(self.lead.iter().copied().chain(key))));
        parts.extend(self.unique.iter().map(|columns| format!("UNIQUE ({})", self.led(columns))));
        parts.extend(keys.iter().map(|key| key.clause.clone()));

        let mut statements =
            vec![format!("CREATE TABLE {} (\n    {}\n){partitioning}", self.name, parts.join(",\n    "))];
        statements.extend(self.all_indexes(keys).iter().map(|Index { columns, condition }| {
            let condition =
                condition.iter().map(|condition| format!(" WHERE {condition}")).collect::<String>();
            format!("CREATE INDEX ON {} ({}){condition}", self.name, self.led(columns))
        }));
        statements
    }

    fn led(&self, columns: &[String]) -> String {
        list(self.lead.iter().copied().chain(columns.iter().map(|column| &**column)))
    }

    /// As `diesel print-schema` writes it.
    pub(super) fn table_macro(&self, keys: &[ForeignKey]) -> String {
        let tenant = Column::uuid("tenant_id");
        let lead = self.lead.iter().map(|_| &tenant);
        let key = self.key.iter().map(|column| &*column.name);
        let key = self.lead.iter().copied().chain(key).collect::<Vec<_>>().join(", ");
        let lines = lead.chain(self.all_columns(keys)).map(|column| {
            let kind = column.kind.diesel();
            let kind = if column.nullable { format!("Nullable<{kind}>") } else { kind };
            format!("        {} -> {kind},\n", column.name)
        });
        format!("diesel::table! {{\n    {} ({key}) {{\n{}    }}\n}}\n", self.name, lines.collect::<String>())
    }
}

/// A column, cell by cell, so that they can stand below each other.
struct Cells {
    name: String,
    kind: String,
    rest: String,
}

impl Cells {
    fn of(column: &Column) -> Self {
        let mut rest = Vec::new();
        if !column.nullable {
            rest.push("NOT NULL".to_owned());
        }
        rest.extend(column.default.iter().map(|default| format!("DEFAULT {default}")));
        rest.extend(column.check.iter().map(|check| format!("CHECK ({check})")));
        Self { name: quoted(&column.name).into_owned(), kind: column.kind.to_string(), rest: rest.join(" ") }
    }
}

fn width<'a>(cells: impl Iterator<Item = &'a String>) -> usize {
    cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
}

fn column_faults(column: &Column, known: &Known) -> Vec<String> {
    let mut faults: Vec<String> = name::fault(&column.name).into_iter().collect();
    let what = |what: &str, fault: &str| format!("{what} of {}: {fault}", column.name);
    faults.extend(column.kind.fault().map(|fault| what("the type", &fault)));
    if let Some(own) = column.kind.own().filter(|own| !known.has_type(own)) {
        faults.push(format!(
            "the type {0} of {1} is not known: say `existing_type({2:?})` if another migration creates it",
            own,
            column.name,
            own.to_string()
        ));
    }
    let expressions = [("the default", &column.default), ("the check", &column.check)];
    for (kind, expression) in expressions {
        faults.extend(expression.as_deref().and_then(sql::fault).map(|fault| what(kind, fault)));
    }
    faults
}

fn index_faults(columns: &[String], names: &BTreeSet<&str>, lead: &[&str]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    if columns.is_empty() {
        faults.push("an index or a unique key is over no column".to_owned());
    }
    for column in columns {
        if lead.contains(&&**column) {
            faults.push(format!("{column} leads every index and key of itself: leave it out"));
        } else if !names.contains(&**column) {
            faults.push(format!("there is no column {column} for an index or a unique key to be over"));
        } else if !seen.insert(column) {
            faults.push(format!("an index or a unique key is over {column} twice"));
        }
    }
    faults
}

/// The primary key of a tenant's row.
pub(super) fn id() -> Column {
    Column::new("id", Type::Uuid).default("gen_random_uuid()")
}
