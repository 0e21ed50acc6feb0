//! Something that would let one tenant see another's rows.

use std::fmt;
use std::str::FromStr;

/// One thing that is wrong with a database, and what mends it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The rule, such as `B3`; the guide's page on [the audit](crate::guide::audit) lists them all.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: its kind and its name with its schema, such as `table public.vehicles` or `role crow_app`.
    pub object: String,
    /// What is wrong.
    pub problem: String,
    /// What can happen.
    pub danger: String,
    /// What mends it: SQL where SQL can.
    pub cure: String,
}

/// How bad a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Good to know.
    Info,
    /// It costs time, or could be better.
    Low,
    /// It lets something be seen that is no row, or makes a mistake likelier.
    Medium,
    /// It weakens a second line of defence; a pool still opens.
    High,
    /// One tenant can see or change another's rows; no pool opens.
    Critical,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The word for it: `critical`, `high`, `medium`, `low` or `info`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }
}

/// The text is not the name of a [`Severity`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a severity is one of critical, high, medium, low, info")]
pub struct InvalidSeverity;

impl FromStr for Severity {
    type Err = InvalidSeverity;

    fn from_str(text: &str) -> Result<Self, InvalidSeverity> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text).ok_or(InvalidSeverity)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, object, problem, cure, .. } = self;
        write!(f, "[{rule}] {object}: {problem}. To mend it: {cure}")
    }
}

/// As a [`Report`](super::Report) prints it, on lines of its own: a `main` that returns the refusal of a pool prints it
/// with `Debug`, and for many this is the first that they see of an audit.
impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, severity, object, problem, danger, cure } = self;
        write!(f, "\n{severity} {rule} {danger}\n    {object} {problem}\n        {cure}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::example;
    use crate::Error;

    #[test]
    fn a_refusal_that_main_returns_reads_as_the_report_does() {
        let mut report = example();
        report.accepted.clear();
        let printed = format!("{:?}", Error::Unsafe(report.findings.clone()));
        let report = report.to_string();
        let mut lines = report.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with("Found"));
        assert!(lines.all(|line| printed.lines().any(|printed| printed == line)), "{printed}");
    }
}
