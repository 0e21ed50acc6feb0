//! What an audit has found.

use chrono::NaiveDate;

use super::finding::{Finding, Severity};

/// What an audit has found. `Display` prints it for people to read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The database that was audited.
    pub database: String,
    /// The application's role, on whose behalf.
    pub role: String,
    /// The version that the server says it is.
    pub server: String,
    /// How many tenant tables there are, partitions that cannot be reached not counted.
    pub tables: u64,
    /// The findings, the worst first.
    pub findings: Vec<Finding>,
    /// What was found too, and is accepted for a time.
    pub accepted: Vec<AcceptedFinding>,
}

/// A finding that somebody has accepted, with a reason and until a day.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcceptedFinding {
    /// What was found.
    pub finding: Finding,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it is.
    pub expires: NaiveDate,
}

impl Report {
    /// How bad the worst finding is; `None` if there is none. What is accepted does not count.
    ///
    /// ```no_run
    /// # fn test(report: crow_core::audit::Report) {
    /// use crow_core::audit::Severity;
    ///
    /// assert!(report.worst() < Some(Severity::Medium), "{report}");
    /// # }
    /// ```
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// The findings that are at least so bad, the worst first.
    pub fn at_least(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.severity >= severity)
    }
}

#[cfg(test)]
pub(super) fn example() -> Report {
    let finding = |rule: &str, severity, object: &str, problem: &str| Finding {
        rule: rule.into(),
        severity,
        object: object.into(),
        problem: problem.into(),
        danger: "The owner sees all.".into(),
        cure: "SELECT crow.protect('x')".into(),
    };
    Report {
        database: "my shop".into(),
        role: "crow_app".into(),
        server: "15.20".into(),
        tables: 12,
        findings: vec![
            finding(
                "B3",
                Severity::Critical,
                "table public.\"50%,\n<&>\"",
                "does not force row-level security on its owner",
            ),
            finding("D6", Severity::Medium, "index public.by_make", "does not begin with tenant_id"),
        ],
        accepted: vec![AcceptedFinding {
            finding: finding("E9", Severity::Medium, "role replicator", "has REPLICATION"),
            reason: "the replica".into(),
            expires: NaiveDate::from_ymd_opt(2027, 1, 31).unwrap(),
        }],
    }
}
