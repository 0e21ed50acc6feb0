//! What is looked for, and the query that looks.

use std::sync::LazyLock;

use diesel::QueryableByName;
use diesel::sql_types::{Integer, Text};

use super::finding::{Finding, Severity};

/// One question that the audit asks. Some letters and numbers stand for several, of different severities.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// Its name, such as `B3`.
    pub id: &'static str,
    /// How bad it is if it finds something.
    pub severity: Severity,
    /// What can happen where it finds something.
    pub danger: String,
    /// Whether a [`TenantPool`](crate::TenantPool) asks it when it opens.
    pub of_tenant_pool: bool,
    /// Whether an [`AdminPool`](crate::AdminPool) asks it when it opens.
    pub of_admin_pool: bool,
    /// A query of `(object, problem, cure)` over the facts.
    pub(super) sql: &'static str,
}

/// All rules, in the order in which a report has them.
///
/// ```
/// let critical = crow_core::audit::rules().filter(|rule| rule.of_tenant_pool);
/// println!("{}", critical.map(|rule| rule.id).collect::<Vec<_>>().join(" "));
/// ```
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    RULES.iter()
}

/// The first rule of each name: for readers that know a rule by it.
#[cfg(feature = "report")]
pub(super) fn names() -> impl Iterator<Item = &'static Rule> {
    let is_first = |(number, rule): &(usize, &Rule)| RULES[..*number].iter().all(|other| other.id != rule.id);
    RULES.iter().enumerate().filter(is_first).map(|(_, rule)| rule)
}

/// Each file is a list of rules, with blank lines between them and nowhere else. A rule begins with its name,
/// its severity and the pools that ask it, then says what can happen; the rest is its query. What is found by looking at
/// other findings has none.
const FILES: [&str; 8] = [
    include_str!("rules/crow.sql"),
    include_str!("rules/roles.sql"),
    include_str!("rules/grants.sql"),
    include_str!("rules/policies.sql"),
    include_str!("rules/keys.sql"),
    include_str!("rules/objects.sql"),
    include_str!("rules/server.sql"),
    include_str!("rules/accepted.sql"),
];

const FACTS: &str = include_str!("facts.sql");

static RULES: LazyLock<Vec<Rule>> =
    LazyLock::new(|| FILES.iter().flat_map(|file| file.split("\n\n")).map(Rule::read).collect());

impl Rule {
    fn read(text: &'static str) -> Self {
        let text = text.trim_end();
        let (head, mut sql) = text.split_once('\n').unwrap_or((text, ""));
        let mut words = head.trim_start_matches("-- ").split(' ');
        let id = words.next().unwrap_or_default();
        let severity = words.next().and_then(|word| word.parse().ok()).unwrap_or(Severity::Critical);
        let pools: Vec<_> = words.collect();
        let mut danger = Vec::new();
        while let Some((line, rest)) =
            sql.strip_prefix("-- ").map(|rest| rest.split_once('\n').unwrap_or((rest, "")))
        {
            danger.push(line);
            sql = rest;
        }
        let (of_tenant_pool, of_admin_pool) = (pools.contains(&"pool"), pools.contains(&"admin"));
        Self { id, severity, danger: danger.join(" "), of_tenant_pool, of_admin_pool, sql }
    }
}

/// A row of [`findings`].
#[derive(QueryableByName)]
pub(super) struct Found {
    #[diesel(sql_type = Integer)]
    pub(super) rule: i32,
    #[diesel(sql_type = Text)]
    pub(super) object: String,
    #[diesel(sql_type = Text)]
    pub(super) problem: String,
    #[diesel(sql_type = Text)]
    pub(super) cure: String,
}

impl Rule {
    pub(super) fn finding(&self, object: String, problem: String, cure: String) -> Finding {
        let (rule, danger) = (self.id.to_owned(), self.danger.clone());
        Finding { rule, severity: self.severity, object, problem, danger, cure }
    }
}

/// What was found, in the order of a report.
pub(super) fn in_order(found: impl IntoIterator<Item = Found>) -> Vec<Finding> {
    let findings = found.into_iter().filter_map(|Found { rule, object, problem, cure }| {
        let rule = RULES.get(usize::try_from(rule).ok()?)?;
        Some(rule.finding(object, problem, cure))
    });
    let mut findings: Vec<_> = findings.collect();
    sort(&mut findings);
    findings
}

/// The worst first, then as the rules are.
pub(super) fn sort(findings: &mut [Finding]) {
    let place = |Finding { rule, danger, .. }: &Finding| {
        RULES.iter().position(|known| (known.id, &known.danger) == (&**rule, danger))
    };
    findings.sort_by(|one, other| {
        (other.severity, place(one), &one.object, &one.problem).cmp(&(
            one.severity,
            place(other),
            &other.object,
            &other.problem,
        ))
    });
}

/// A query of `(rule, object, problem, cure)`, `rule` a number, for the rules that are asked; no row: nothing found.
pub(super) fn findings(asked: impl Fn(&Rule) -> bool) -> String {
    format!("{FACTS}\n{}", union(asked))
}

/// The same for all rules, beside what the audit is about; a row without a rule, if nothing is found.
pub(super) fn audit() -> String {
    let all = union(|_| true);
    format!(
        "{FACTS}\nSELECT pg_catalog.current_database()::text AS database, \
         coalesce((SELECT name::text FROM me), $3, 'crow_app') AS role, \
         pg_catalog.current_setting('server_version') AS server, \
         (SELECT pg_catalog.count(*) FROM tenant_table) AS tables, finding.*\n\
         FROM (SELECT) AS one LEFT JOIN (\n{all}\n) AS finding ON true"
    )
}

fn union(asked: impl Fn(&Rule) -> bool) -> String {
    let asked = RULES.iter().enumerate().filter(|(_, rule)| asked(rule) && !rule.sql.is_empty()).map(
        |(number, rule)| {
            format!("SELECT {number} AS rule, f.* FROM (\n{}\n) AS f (object, problem, cure)", rule.sql)
        },
    );
    asked.collect::<Vec<_>>().join("\nUNION ALL\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_whole() {
        for rule in rules() {
            let (letter, number) = rule.id.split_at(1);
            assert!(letter.chars().all(|c| c.is_ascii_uppercase()), "{rule:#?}");
            assert!(number.parse::<u8>().is_ok(), "{rule:#?}");
            assert!(rule.danger.ends_with('.'), "{rule:#?}");
            assert!(rule.sql.starts_with("SELECT ") != rule.id.starts_with('X'), "{rule:#?}");
        }
        let heads = FILES.iter().flat_map(|file| file.split("\n\n")).map(|text| text.lines().next().unwrap());
        for head in heads {
            let words: Vec<_> = head.split(' ').collect();
            assert!(words[0] == "--" && words[2].parse::<Severity>().is_ok(), "{head}");
            assert!(words[3..].iter().all(|word| ["pool", "admin"].contains(word)), "{head}");
        }
    }

    #[test]
    fn the_guide_lists_the_rules() {
        let page = include_str!("../../../docs/audit.md");
        let listed: Vec<_> = page.lines().skip_while(|line| *line != "## The rules").collect();
        let listed = listed
            .iter()
            .filter(|line| line.split(' ').nth(3).is_some_and(|word| word.parse::<Severity>().is_ok()));
        let rows = rules().map(|rule| {
            let pools = [(rule.of_tenant_pool, "`TenantPool`"), (rule.of_admin_pool, "`AdminPool`")];
            let pools: Vec<_> = pools.into_iter().filter_map(|(asks, pool)| asks.then_some(pool)).collect();
            let asked = if pools.is_empty() { String::new() } else { format!(" {}", pools.join(", ")) };
            format!("| {} | {} |{asked} | {} |", rule.id, rule.severity, rule.danger)
        });
        assert_eq!(listed.copied().collect::<Vec<_>>(), rows.collect::<Vec<_>>());
    }

    #[test]
    fn each_danger_is_said_above_what_it_is_about() {
        let of_models: Vec<_> = rules().filter(|rule| rule.id == "S11").collect();
        let found =
            |rule: &Rule, object: &str| rule.finding(object.into(), "is wrong".into(), "mend it".into());
        let mut report = super::super::report::example();
        report.accepted.clear();
        report.findings = ["table b", "table a"]
            .into_iter()
            .flat_map(|object| of_models.iter().rev().map(move |rule| found(rule, object)))
            .collect();
        sort(&mut report.findings);
        let text = report.to_string();
        let expected = of_models.iter().map(|rule| {
            let lines = "    table a is wrong\n        mend it\n    table b is wrong\n        mend it\n";
            format!("\nmedium S11 {}\n{lines}", rule.danger)
        });
        assert!(of_models.len() > 1 && text.contains(&expected.collect::<String>()), "{text}");
    }

    /// Some letters and numbers stand for several rules, which tell apart what can happen.
    #[test]
    fn no_two_rules_speak_of_one_danger() {
        let mut seen = std::collections::HashSet::new();
        assert!(rules().all(|rule| seen.insert(&*rule.danger)));
    }
}
