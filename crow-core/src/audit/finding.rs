//! Something that would let one tenant see another's rows.

use std::fmt;

/// One thing that is wrong with a database, and what mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The rule, such as `B3`; docs/audit.md lists them all.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// The role, table or function it is about.
    pub object: String,
    /// What is wrong.
    pub problem: String,
    /// What mends it: SQL where SQL can.
    pub cure: String,
}

/// How bad a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// It weakens a second line of defence; a pool still opens.
    High,
    /// One tenant can see or change another's rows; no pool opens.
    Critical,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, object, problem, cure, .. } = self;
        write!(f, "[{rule}] {object}: {problem}. To mend it: {cure}")
    }
}
