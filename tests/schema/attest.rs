//! Each way to break a database that attestation knows, and that it finds this and nothing else.

use std::collections::BTreeSet;

use crow_core::schema::{ATTEST_ADMIN_SQL, ATTEST_SQL};
use libtest_mimic::Trial;
use serde::Deserialize;

use crate::session::Session;
use crate::world::{self, World};
use crate::{Fallible, trial};

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Whether crow's world is there, or an empty database.
    #[serde(default = "yes")]
    installed: bool,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    setup: String,
    #[serde(default = "crow_app")]
    role: String,
    /// What the session does before it asks.
    #[serde(default)]
    session: String,
    #[serde(default = "tenant_tables")]
    tenants: Vec<String>,
    #[serde(default = "shared_tables")]
    shared: Vec<String>,
    /// "B3" or, in all of them, "B3 object".
    rules: BTreeSet<String>,
}

pub(crate) fn trials() -> Vec<Trial> {
    let tenant = cases(include_str!("attest.toml")).map(|case| {
        trial(format!("attest::{}", case.name), async move || {
            let (session, _database) = case.session().await?;
            case.judge(&session.query(ATTEST_SQL, &[&case.tenants, &case.shared]).await?)
        })
    });
    let admin = cases(include_str!("attest_admin.toml")).map(|case| {
        trial(format!("attest_admin::{}", case.name), async move || {
            let (session, _database) = case.session().await?;
            case.judge(&session.query(ATTEST_ADMIN_SQL, &[]).await?)
        })
    });
    tenant.chain(admin).collect()
}

fn cases(text: &str) -> impl Iterator<Item = Case> {
    let file: File = toml::from_str(text).unwrap_or_else(|error| panic!("attest: {error}"));
    file.case.into_iter()
}

impl Case {
    /// Whoever asks, in a database that is broken as the case says.
    async fn session(&self) -> Fallible<(Session, crow_testkit::Database)> {
        let world = if self.installed { World::crow() } else { World::empty() };
        let (database, superuser) = world.database(&world::server(self.private)?).await?;
        superuser.run(&self.setup).await?;
        let session = Session::open(&world::url(&database, &self.role)).await?;
        session.run(&self.session).await?;
        Ok((session, database))
    }

    fn judge(&self, findings: &[Vec<String>]) -> Fallible {
        let with_objects = self.rules.iter().any(|rule| rule.contains(' '));
        let found: BTreeSet<_> = findings
            .iter()
            .map(
                |finding| {
                    if with_objects { format!("{} {}", finding[0], finding[2]) } else { finding[0].clone() }
                },
            )
            .collect();
        let speechless = findings.iter().flatten().any(String::is_empty);
        if found == self.rules && !speechless {
            return Ok(());
        }
        Err(format!("expected {:?}, found {findings:#?}", self.rules).into())
    }
}

fn yes() -> bool {
    true
}

fn crow_app() -> String {
    "crow_app".into()
}

fn tenant_tables() -> Vec<String> {
    ["doc", "note", "tally", "event"].map(String::from).into()
}

fn shared_tables() -> Vec<String> {
    vec!["plan".into()]
}
