//! What came of the attacks.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use serde::{Serialize, Serializer};

use super::attack::Group;

/// What came of attacks on models. `Display` prints a matrix of models and attacks, with what failed below it.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// One for each model and attack.
    pub cells: Vec<Cell>,
}

/// What came of one attack on one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Cell {
    /// The Rust path of the model; its table's name, if it has none.
    pub model: String,
    /// The table.
    pub table: String,
    /// What the attack is about.
    pub group: Group,
    /// Its name.
    pub attack: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What it is worth to whoever succeeds.
    pub shows: &'static str,
    /// What mends it.
    pub cure: String,
}

/// How an attack ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "end", content = "what", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// It got nothing, and would have without protection.
    Held,
    /// There is nothing of the kind to attack, for this reason.
    NotApplicable(String),
    /// It got this.
    Leaked(String),
    /// The pool does not open on this database, which says what is wrong with it.
    Refused(String),
    /// It does not succeed without protection either, so that it proves nothing.
    Unproven(String),
}

impl Serialize for Group {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Verdict {
    /// Whether the model is as it has to be, as far as this attack tells.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Held | Self::NotApplicable(_))
    }

    /// In a matrix.
    fn word(&self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::NotApplicable(_) => "-",
            Self::Leaked(_) => "LEAKED",
            Self::Refused(_) => "REFUSED",
            Self::Unproven(_) => "UNPROVEN",
        }
    }
}

impl Report {
    /// The attacks that did not end well.
    pub fn failures(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(|cell| !cell.verdict.is_good())
    }

    /// The attacks that got something.
    pub fn leaks(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(|cell| matches!(cell.verdict, Verdict::Leaked(_)))
    }

    /// For the end of a test.
    ///
    /// # Panics
    ///
    /// If an attack got something, proves nothing, or could not be made; the message is the report.
    pub fn assert_isolated(&self) {
        assert!(self.failures().next().is_none(), "{self}");
    }

    /// One object a line, with the fields of [`Cell`].
    #[must_use]
    pub fn to_json_lines(&self) -> String {
        let line = |cell| serde_json::to_string(cell).unwrap_or_default() + "\n";
        self.cells.iter().map(line).collect()
    }

    /// Adds the [lines](Self::to_json_lines) to a file, which other processes may be adding to.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn append_to(&self, path: impl AsRef<Path>) -> io::Result<()> {
        append(path.as_ref(), &self.to_json_lines())
    }

    pub(super) fn add(&mut self, other: Self) {
        self.cells.extend(other.cells);
    }
}

impl Cell {
    /// The model's name without its path.
    fn short(&self) -> &str {
        self.model.rsplit("::").next().unwrap_or(&self.model)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, attack, table, shows, cure, .. } = self;
        let about = format!("{} ({table}), {group}, \"{attack}\"", self.short());
        match &self.verdict {
            Verdict::Held => write!(f, "{about}: held"),
            Verdict::NotApplicable(reason) => write!(f, "{about}: not applicable, {reason}"),
            Verdict::Leaked(got) => {
                write!(
                    f,
                    "{about}: the attacker got {got}\n    It means that {shows}\n    To mend it: {cure}"
                )
            }
            Verdict::Refused(reason) => {
                write!(f, "{about}: could not be tried, the pool does not open: {reason}")
            }
            Verdict::Unproven(reason) => {
                write!(
                    f,
                    "{about}: does not succeed on an unprotected clone either, so it proves nothing: {reason}"
                )
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut models: Vec<&str> = Vec::new();
        for cell in &self.cells {
            if !models.contains(&&*cell.model) {
                models.push(&cell.model);
            }
        }
        let short = |model: &str| model.rsplit("::").next().unwrap_or(model).to_owned();
        let attacks = |group| {
            let mut attacks: Vec<&str> = Vec::new();
            for cell in self.cells.iter().filter(|cell| cell.group == group) {
                if !attacks.contains(&cell.attack) {
                    attacks.push(cell.attack);
                }
            }
            attacks
        };
        let room = self.cells.iter().map(|cell| cell.attack.len() + 2).max().unwrap_or(0);
        let widths: Vec<_> = models.iter().map(|model| short(model).len().max("UNPROVEN".len())).collect();
        write!(f, "{:room$}", "")?;
        for (model, width) in models.iter().zip(&widths) {
            write!(f, "  {:width$}", short(model))?;
        }
        for group in Group::ALL {
            let attacks = attacks(group);
            if !attacks.is_empty() {
                write!(f, "\n{group}")?;
            }
            for attack in attacks {
                write!(f, "\n  {attack:indented$}", indented = room - 2)?;
                for (model, width) in models.iter().zip(&widths) {
                    let of =
                        |cell: &&Cell| cell.group == group && cell.attack == attack && cell.model == *model;
                    let word = self.cells.iter().find(of).map_or("", |cell| cell.verdict.word());
                    write!(f, "  {word:width$}")?;
                }
            }
        }
        let mut reasons: Vec<String> = Vec::new();
        for cell in &self.cells {
            if let Verdict::NotApplicable(reason) = &cell.verdict {
                reasons.push(format!("- {} of {}: {reason}", cell.attack, cell.short()));
            }
        }
        for reason in reasons {
            write!(f, "\n{reason}")?;
        }
        for failure in self.failures() {
            write!(f, "\n\n{failure}")?;
        }
        Ok(())
    }
}

/// In one write, which no other comes between.
pub(super) fn append(path: &Path, lines: &str) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(path)?.write_all(lines.as_bytes())
}
