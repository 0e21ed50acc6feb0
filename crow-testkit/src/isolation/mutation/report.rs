//! Who noticed what.

use std::fmt;

use serde::Serialize;

/// Databases that lacked a protection, and who noticed. `Display` prints a line for each.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Mutants {
    /// One for each protection and model.
    pub cells: Vec<Mutant>,
}

/// A database in which one protection of one model was missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Mutant {
    /// The name of what was done.
    pub mutation: &'static str,
    /// What was so then.
    pub what: &'static str,
    /// The Rust path of the model; its table's name, if it has none.
    pub model: String,
    /// The table.
    pub table: String,
    /// Who noticed.
    pub noticed: Noticed,
}

/// Who noticed that a protection was missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Noticed {
    /// The attacks, or the audit, or both.
    By {
        /// The first attack that succeeded.
        attack: Option<&'static str>,
        /// The audit's rules that found something new.
        rules: Vec<String>,
    },
    /// The model has nothing of the kind, for this reason.
    NotApplicable(String),
    /// A hole: nobody would see it.
    ByNobody,
}

impl Mutants {
    /// What nobody noticed.
    pub fn missed(&self) -> impl Iterator<Item = &Mutant> {
        self.cells.iter().filter(|mutant| mutant.noticed == Noticed::ByNobody)
    }

    /// For the end of a test.
    ///
    /// # Panics
    ///
    /// If a protection was missing and nobody noticed; the message is the report.
    pub fn assert_noticed(&self) {
        assert!(self.missed().next().is_none(), "{self}");
    }

    /// One object a line, with the fields of [`Mutant`].
    #[must_use]
    pub fn to_json_lines(&self) -> String {
        let line = |mutant| serde_json::to_string(mutant).unwrap_or_default() + "\n";
        self.cells.iter().map(line).collect()
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, table, noticed, .. } = self;
        write!(f, "{table}: {what}: ")?;
        match noticed {
            Noticed::ByNobody => write!(f, "NOBODY NOTICED, neither an attack nor the audit"),
            Noticed::NotApplicable(reason) => write!(f, "not applicable, {reason}"),
            Noticed::By { attack, rules } => {
                let attack = attack.map(|name| format!("the attack \"{name}\""));
                let rules = (!rules.is_empty()).then(|| format!("the audit ({})", rules.join(", ")));
                let both: Vec<_> = attack.into_iter().chain(rules).collect();
                write!(f, "noticed by {}", both.join(" and "))
            }
        }
    }
}

impl fmt::Display for Mutants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.cells.iter().map(Mutant::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}
