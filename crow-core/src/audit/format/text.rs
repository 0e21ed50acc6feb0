//! A report for people to read.

use std::fmt;

use super::super::finding::{Finding, Severity};
use super::super::report::{AcceptedFinding, Report};

impl Report {
    /// The report as `Display` prints it, in colours for a terminal if asked to.
    pub fn text(&self, colours: bool) -> impl fmt::Display {
        Text { report: self, colours }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Text { report: self, colours: false }.fmt(f)
    }
}

struct Text<'r> {
    report: &'r Report,
    colours: bool,
}

impl Text<'_> {
    fn paint(&self, style: &'static str, text: impl fmt::Display) -> impl fmt::Display {
        let (begin, end) = if self.colours { (style, "\x1b[0m") } else { ("", "") };
        fmt::from_fn(move |f| write!(f, "{begin}{text}{end}"))
    }
}

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";

fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "\x1b[1;31m",
        Severity::High => "\x1b[31m",
        Severity::Medium => "\x1b[33m",
        Severity::Low => "\x1b[36m",
        Severity::Info => DIM,
    }
}

/// By severity, then by what can happen, which is said once for all that it can happen to. Some rules' names stand for
/// several dangers.
impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { database, role, server, tables, findings, accepted } = self.report;
        let of_tables =
            if *tables == 1 { "1 tenant table".into() } else { format!("{tables} tenant tables") };
        writeln!(f, "Database {database}, role {role}, PostgreSQL {server}: {of_tables}")?;
        for severity in Severity::ALL {
            let all: Vec<_> = findings.iter().filter(|finding| finding.severity == severity).collect();
            for alike in all.chunk_by(|one, next| (&one.rule, &one.danger) == (&next.rule, &next.danger)) {
                let Finding { rule, danger, .. } = alike[0];
                writeln!(
                    f,
                    "\n{} {} {danger}",
                    self.paint(colour(severity), severity),
                    self.paint(BOLD, rule)
                )?;
                for Finding { object, problem, cure, .. } in alike {
                    writeln!(f, "    {} {problem}", self.paint(BOLD, object))?;
                    writeln!(f, "        {}", self.paint(DIM, cure))?;
                }
            }
        }
        if !accepted.is_empty() {
            writeln!(f, "\naccepted")?;
        }
        for AcceptedFinding { finding: Finding { rule, object, problem, .. }, reason, expires } in accepted {
            writeln!(f, "    {} {} {problem}", self.paint(BOLD, rule), self.paint(BOLD, object))?;
            writeln!(f, "        {}", self.paint(DIM, format_args!("until {expires}: {reason}")))?;
        }
        let counts = Severity::ALL.into_iter().filter_map(|severity| {
            let count = findings.iter().filter(|finding| finding.severity == severity).count();
            (count > 0).then(|| format!("{count} {severity}"))
        });
        let counts: Vec<_> = counts.collect();
        match counts.is_empty() {
            true => write!(f, "\nNothing found."),
            false => write!(f, "\nFound: {}.", counts.join(", ")),
        }
    }
}
