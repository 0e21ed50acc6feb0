//! SARIF 2.1.0, which code scanners exchange.

use serde_json::{Value, json};

use super::super::finding::{Finding, Severity};
use super::super::report::{AcceptedFinding, Report};
use super::super::rule::names;

impl Report {
    /// The report as SARIF 2.1.0; accepted findings are suppressed results.
    ///
    /// A finding is about an object of a database and not about a line of a file: the object is its logical location.
    /// Viewers that show files alone get `database/<name>` for one.
    pub fn to_sarif(&self) -> String {
        let rules = names().map(|rule| {
            json!({
                "id": rule.id,
                "shortDescription": { "text": rule.danger },
                "helpUri": concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/audit.md"),
                "defaultConfiguration": { "level": level(rule.severity) },
                "properties": { "tags": ["security"], "security-severity": score(rule.severity) },
            })
        });
        let open = self.findings.iter().map(|finding| self.result(finding));
        let accepted = self.accepted.iter().map(|AcceptedFinding { finding, reason, expires }| {
            let mut result = self.result(finding);
            let justification = format!("{reason} (until {expires})");
            result["suppressions"] = json!([{ "kind": "external", "justification": justification }]);
            result
        });
        let sarif = json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "crow",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "informationUri": env!("CARGO_PKG_REPOSITORY"),
                    "rules": rules.collect::<Vec<_>>(),
                } },
                "results": open.chain(accepted).collect::<Vec<_>>(),
            }],
        });
        format!("{sarif:#}")
    }

    fn result(&self, finding: &Finding) -> Value {
        let Finding { rule, severity, object, problem, danger, cure } = finding;
        json!({
            "ruleId": rule,
            "level": level(*severity),
            "message": { "text": format!("{object} {problem}. {danger} To mend it: {cure}") },
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": { "uri": format!("database/{}", uri(&self.database)) },
                    "region": { "startLine": 1 },
                },
                "logicalLocations": [{ "fullyQualifiedName": object, "kind": "resource" }],
            }],
            "partialFingerprints": { "crow/v1": format!("{rule} {object}") },
            "properties": { "severity": severity.as_str() },
        })
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// On the scale of CVSS, by which viewers sort.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.0",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}

fn uri(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::super::report::example;

    #[test]
    fn every_result_has_a_rule_and_a_place() {
        let sarif: serde_json::Value = serde_json::from_str(&example().to_sarif()).unwrap();
        assert_eq!(sarif["version"], "2.1.0");
        let run = &sarif["runs"][0];
        let rules: Vec<_> = run["tool"]["driver"]["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule["id"].as_str())
            .collect();
        assert_eq!(rules.iter().collect::<HashSet<_>>().len(), rules.len(), "{rules:?}");
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), 3);
        for result in results {
            assert!(rules.contains(&result["ruleId"].as_str()), "{result}");
            let place = &result["locations"][0];
            assert_eq!(place["physicalLocation"]["artifactLocation"]["uri"], "database/my%20shop");
            assert!(place["logicalLocations"][0]["fullyQualifiedName"].is_string(), "{result}");
        }
        assert_eq!((&results[0]["level"], &results[1]["level"]), (&"error".into(), &"warning".into()));
        assert_eq!(results[2]["suppressions"][0]["justification"], "the replica (until 2027-01-31)");
        assert!(results[0]["suppressions"].is_null());
    }
}
