//! JUnit's XML, which build servers show as tests.

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::super::finding::{Finding, Severity};
use super::super::report::Report;
use super::super::rule::{Rule, names};

impl Report {
    /// Each rule as a test, which fails if it has found something that is at least so bad.
    pub fn to_junit(&self, fail_on: Severity) -> String {
        let Self { database, role, .. } = self;
        let mut suite = TestSuite::new(format!("crow audit of {database} for {role}"));
        for Rule { id, .. } in names() {
            let found: Vec<&Finding> = self.findings.iter().filter(|finding| finding.rule == *id).collect();
            let failed = found.iter().any(|finding| finding.severity >= fail_on);
            let mut status = match failed {
                true => TestCaseStatus::non_success(NonSuccessKind::Failure),
                false => TestCaseStatus::success(),
            };
            let text: Vec<_> = found.iter().map(ToString::to_string).collect();
            if failed {
                let objects: Vec<_> = found.iter().map(|finding| &*finding.object).collect();
                status.set_type(found[0].severity.as_str()).set_message(objects.join(", "));
                status.set_description(text.join("\n"));
            }
            let mut case = TestCase::new(*id, status);
            case.set_classname("crow.audit");
            if !failed && !text.is_empty() {
                case.set_system_out(text.join("\n"));
            }
            suite.add_test_case(case);
        }
        let mut document = Document::new("crow audit");
        document.add_test_suite(suite);
        // Only what cannot be XML could fail, and the crate leaves that out.
        document.to_string().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Severity;
    use super::super::super::report::example;

    #[test]
    fn a_rule_fails_from_the_severity_on_that_is_asked_for() {
        for (fail_on, failures) in [(Severity::Critical, 1), (Severity::Medium, 2)] {
            let xml = example().to_junit(fail_on);
            assert_eq!(xml.matches("<failure").count(), failures, "{xml}");
            assert!(xml.contains("&lt;&amp;&gt;"), "{xml}");
            assert_eq!(xml.matches("by_make does not begin").count(), 0, "{xml}");
            assert!(xml.contains("public.by_make: does not begin"), "{xml}");
        }
    }
}
