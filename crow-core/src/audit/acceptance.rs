//! Findings that somebody has accepted.

use std::str::FromStr;

use chrono::NaiveDate;
use serde::Deserialize;

use super::report::{AcceptedFinding, Report};
use super::rule::{rules, sort};
use crate::error::Error;

/// Findings that are accepted, each with a reason and until a day: the content of a TOML file.
///
/// ```
/// use crow_core::audit::Acceptances;
///
/// # fn main() -> Result<(), crow_core::Error> {
/// let accepted: Acceptances = r#"
///     [[accept]]
///     rule = "D6"
///     object = "index public.by_make"
///     reason = "the admin's report reads by make; it moves to the warehouse in spring"
///     expires = 2027-03-31
/// "#
/// .parse()?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Acceptances(Vec<Acceptance>);

#[derive(Debug, Clone)]
struct Acceptance {
    rule: String,
    object: String,
    reason: String,
    expires: NaiveDate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    accept: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    object: String,
    reason: String,
    expires: toml::value::Datetime,
}

impl FromStr for Acceptances {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::Invalid`] that says what is wrong where: no TOML, a field that is missing or unknown, a rule that does not
    /// exist, an empty reason, no date.
    fn from_str(text: &str) -> Result<Self, Error> {
        let file: File = toml::from_str(text).map_err(|error| Error::Invalid(error.to_string()))?;
        file.accept.into_iter().map(Acceptance::read).collect::<Result<_, _>>().map(Self)
    }
}

impl Acceptance {
    fn read(Entry { rule, object, reason, expires }: Entry) -> Result<Self, Error> {
        let invalid = |what: &str| Error::Invalid(format!("the acceptance of {rule} for {object} {what}"));
        if !rules().any(|known| known.id == rule) {
            return Err(invalid("names a rule that does not exist"));
        }
        if reason.trim().is_empty() {
            return Err(invalid("gives no reason"));
        }
        let date = expires.date.filter(|_| expires.time.is_none());
        let expires = date
            .and_then(|date| NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into()))
            .ok_or_else(|| invalid("needs a day to expire on, such as expires = 2027-03-31"))?;
        Ok(Self { rule, object, reason, expires })
    }
}

impl Report {
    /// Takes out what is accepted, as of this day: it moves to [`accepted`](Report::accepted).
    ///
    /// An acceptance that has expired is a finding (X1) beside the one that it no longer takes out, and so is one of
    /// something that is not found (X2).
    pub fn accept(mut self, acceptances: &Acceptances, today: NaiveDate) -> Self {
        for Acceptance { rule, object, reason, expires } in &acceptances.0 {
            let is_meant = |finding: &super::Finding| finding.rule == *rule && finding.object == *object;
            let is_found = self.findings.iter().any(is_meant);
            if is_found && *expires >= today {
                let (meant, rest) = self.findings.into_iter().partition::<Vec<_>, _>(is_meant);
                self.findings = rest;
                let accepted = meant.into_iter().map(|finding| AcceptedFinding {
                    finding,
                    reason: reason.clone(),
                    expires: *expires,
                });
                self.accepted.extend(accepted);
                continue;
            }
            let (id, problem, cure) = match is_found {
                true => (
                    "X1",
                    format!("expired on {expires} ({reason})"),
                    "mend it, or look again and give it another day",
                ),
                false => ("X2", "is of something that is not found".into(), "take it out of the file"),
            };
            let of = format!("acceptance of {rule} for {object}");
            self.findings.extend(
                rules().find(|rule| rule.id == id).map(|rule| rule.finding(of, problem, cure.into())),
            );
        }
        sort(&mut self.findings);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::example;
    use super::*;

    const FILE: &str = "
        [[accept]]
        rule = 'D6'
        object = 'index public.by_make'
        reason = 'a report'
        expires = 2027-03-31";

    fn last_day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2027, 3, 31).unwrap()
    }

    #[test]
    fn what_is_accepted_counts_no_longer_until_its_last_day_is_over() {
        let accepted: Acceptances = FILE.parse().unwrap();
        let report = example().accept(&accepted, last_day());
        assert_eq!(report.findings.len(), 1);
        assert_eq!((&*report.accepted[1].finding.rule, &*report.accepted[1].reason), ("D6", "a report"));

        let report = example().accept(&accepted, last_day().succ_opt().unwrap());
        let rules: Vec<_> = report.findings.iter().map(|finding| &*finding.rule).collect();
        assert_eq!(rules, ["B3", "D6", "X1"]);
        assert!(report.findings[2].problem.contains("2027-03-31 (a report)"), "{report}");
        assert_eq!(report.accepted.len(), 1);
    }

    #[test]
    fn an_acceptance_of_what_is_not_found_is_found() {
        for file in [FILE.replace("by_make", "by_model"), FILE.replace("D6", "D7")] {
            let report = example().accept(&file.parse().unwrap(), last_day());
            let rules: Vec<_> = report.findings.iter().map(|finding| &*finding.rule).collect();
            assert_eq!(rules, ["B3", "D6", "X2"]);
        }
    }

    #[test]
    fn a_file_that_says_too_little_is_refused() {
        for (from, to, says) in [
            ("'a report'", "' '", "the acceptance of D6 for index public.by_make gives no reason"),
            ("D6", "Z6", "names a rule that does not exist"),
            ("2027-03-31", "2027-03-31T10:00:00", "needs a day to expire on"),
            ("2027-03-31", "'soon'", "expires"),
            ("reason = 'a report'", "", "missing field `reason`"),
            ("reason", "because", "unknown field `because`"),
            ("[[accept]]", "[[accepted]]", "unknown field `accepted`"),
        ] {
            let error = FILE.replace(from, to).parse::<Acceptances>().unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        assert!("".parse::<Acceptances>().unwrap().0.is_empty());
    }
}
