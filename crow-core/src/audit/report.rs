//! What an audit has found.

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
}

impl Report {
    /// How bad the worst finding is; `None` if there is none.
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
