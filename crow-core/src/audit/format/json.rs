//! JSON.

use serde_json::{Value, json};

use super::super::finding::Finding;
use super::super::report::{AcceptedFinding, Report};

/// Raised when a reader of the present form would misread another.
const VERSION: u32 = 1;

impl Report {
    /// The report as JSON.
    ///
    /// `version` is 1; fields may be added without another one.
    ///
    /// ```json
    /// {
    ///   "version": 1, "crow": "0.1.0",
    ///   "database": "shop", "role": "crow_app", "server": "15.20", "tables": 12,
    ///   "findings": [
    ///     { "rule": "B3", "severity": "critical", "object": "table public.vehicles",
    ///       "problem": "..", "danger": "..", "cure": ".." }
    ///   ],
    ///   "accepted": [ { "rule": "..", "reason": "..", "expires": "2027-01-31" } ]
    /// }
    /// ```
    pub fn to_json(&self) -> String {
        let Self { database, role, server, tables, findings, accepted } = self;
        let accepted: Vec<_> = accepted.iter().map(accepted_finding).collect();
        let report = json!({
            "version": VERSION,
            "crow": env!("CARGO_PKG_VERSION"),
            "database": database,
            "role": role,
            "server": server,
            "tables": tables,
            "findings": findings.iter().map(finding).collect::<Vec<_>>(),
            "accepted": accepted,
        });
        format!("{report:#}")
    }
}

fn finding(finding: &Finding) -> Value {
    let Finding { rule, severity, object, problem, danger, cure } = finding;
    json!({
        "rule": rule, "severity": severity.as_str(), "object": object, "problem": problem, "danger": danger, "cure": cure,
    })
}

fn accepted_finding(AcceptedFinding { finding: found, reason, expires }: &AcceptedFinding) -> Value {
    let mut value = finding(found);
    value["reason"] = json!(reason);
    value["expires"] = json!(expires.to_string());
    value
}

#[cfg(test)]
mod tests {
    use super::super::super::report::example;

    #[test]
    fn all_that_a_report_has_is_in_it() {
        let json: serde_json::Value = serde_json::from_str(&example().to_json()).unwrap();
        assert_eq!((&json["version"], &json["tables"]), (&1.into(), &12.into()));
        assert_eq!(json["findings"][0]["object"], "table public.\"50%,\n<&>\"");
        assert_eq!(json["findings"][0]["severity"], "critical");
        assert_eq!(json["findings"][0]["danger"], "The owner sees all.");
        let accepted = &json["accepted"][0];
        assert_eq!((&accepted["rule"], &accepted["reason"]), (&"E9".into(), &"the replica".into()));
        assert_eq!(accepted["expires"], "2027-01-31");
    }
}
