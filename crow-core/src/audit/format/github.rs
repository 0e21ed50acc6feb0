//! Annotations of GitHub's workflows.

use super::super::finding::{Finding, Severity};
use super::super::report::Report;

impl Report {
    /// One workflow command a finding, for a step of GitHub Actions to print: `::error title=..::..`.
    pub fn to_github(&self) -> String {
        let lines = self.findings.iter().map(|finding| {
            let Finding { rule, severity, object, problem, danger, cure } = finding;
            let command = match severity {
                Severity::Critical | Severity::High => "error",
                Severity::Medium => "warning",
                Severity::Low | Severity::Info => "notice",
            };
            let title = property(&format!("{rule} {severity}: {object}"));
            let text = data(&format!("{object} {problem}. {danger}\nTo mend it: {cure}"));
            format!("::{command} title={title}::{text}\n")
        });
        lines.collect()
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::super::report::example;

    #[test]
    fn a_finding_is_one_line_whatever_its_names_are() {
        let text = example().to_github();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), example().findings.len());
        assert_eq!(
            lines[0],
            "::error title=B3 critical%3A table public.\"50%25%2C%0A<&>\"::table public.\"50%25,%0A<&>\" does not force \
             row-level security on its owner. The owner sees all.%0ATo mend it: SELECT crow.protect('x')"
        );
        assert!(lines[1].starts_with("::warning title=D6 medium%3A index public.by_make::"), "{text}");
    }
}
