//! Plans, and their steps.

use std::fmt;

/// What is left to do until the tables are crow's, step by step.
///
/// Its [`Display`](fmt::Display) is a script to review, or to run statement by statement with any tool: outside a
/// transaction, and with a short `lock_timeout` for what takes an exclusive lock. An empty plan has nothing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub(super) steps: Vec<Step>,
}

/// One statement of a [`Plan`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// What it does.
    pub purpose: String,
    /// The statement.
    pub sql: String,
    /// How it bears on an application that is running.
    pub weight: Weight,
    /// How many tables it locks.
    pub(super) locks: u32,
}

/// How a [`Step`] bears on an application that is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weight {
    /// Takes a lock that others wait for, and gives it back within milliseconds.
    Brief,
    /// Takes as long as the table is big; others read and write meanwhile.
    Long,
}

impl Plan {
    /// The steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

impl Step {
    pub(super) fn brief(purpose: String, sql: String) -> Self {
        Self { purpose, sql, weight: Weight::Brief, locks: 1 }
    }

    pub(super) fn long(purpose: String, sql: String) -> Self {
        Self { purpose, sql, weight: Weight::Long, locks: 0 }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("-- Nothing is left to do.\n");
        }
        for (at, Step { purpose, sql, weight, .. }) in self.steps.iter().enumerate() {
            let weight = match weight {
                Weight::Brief => "locks the table for a moment",
                Weight::Long => "may take long, and lets others read and write",
            };
            let gap = if at == 0 { "" } else { "\n" };
            writeln!(f, "{gap}-- {}. {purpose} ({weight})\n{sql};", at + 1)?;
        }
        Ok(())
    }
}
