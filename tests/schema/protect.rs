//! What `crow.protect` takes, what it refuses, and that a refusal changes nothing.

use libtest_mimic::{Completion, Trial};
use serde::Deserialize;

use crate::session::Session;
use crate::snapshot::Snapshot;
use crate::world::{self, World};
use crate::{Fallible, ignorable_trial};

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// The first release of PostgreSQL that knows the syntax.
    #[serde(default)]
    since: u32,
    #[serde(default = "crow_migrator")]
    role: String,
    #[serde(default)]
    setup: String,
    #[serde(default)]
    ddl: String,
    call: String,
    /// What the application does as tenant A to see `SECRET-B` of table `t`, if that has crow's policies and grants and
    /// nobody has looked at the rest: what the refusal is for.
    leak: Option<String>,
    #[serde(default)]
    faults: Vec<String>,
    error: Option<String>,
    #[serde(default)]
    idempotent: bool,
    #[serde(default)]
    changes_nothing: bool,
    #[serde(default)]
    then: Vec<Then>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Then {
    query: String,
    rows: Vec<String>,
}

pub(crate) fn trials() -> Vec<Trial> {
    let file: File = toml::from_str(include_str!("protect.toml")).expect("protect.toml");
    let trial =
        |case: Case| ignorable_trial(format!("protect::{}", case.name), async move || case.try_out().await);
    file.case.into_iter().map(trial).collect()
}

impl Case {
    async fn try_out(&self) -> Fallible<Completion> {
        let (database, superuser) = World::crow().database(&world::server(false)?).await?;
        let version: u32 = superuser.run("SHOW server_version_num").await?.concat().parse()?;
        if version / 10_000 < self.since {
            return Ok(Completion::ignored_with(format!("needs PostgreSQL {}", self.since)));
        }
        superuser.run(&fill_in(&self.setup)).await?;
        let session = Session::open(&world::url(&database, &self.role)).await?;
        session.run(&fill_in(&self.ddl)).await?;

        // Other tests may be making roles.
        let before = Snapshot::take(&superuser).await?.without("role ");
        let answer = session.run(&self.call).await;
        let after = Snapshot::take(&superuser).await?.without("role ");

        let refusal = answer.err().map(|refused| refused.to_string());
        if self.faults.is_empty() {
            expect("the refusal", &refusal, &self.error)?;
        } else {
            self.expect_faults(&refusal.unwrap_or_default())?;
        }
        if let Some(leak) = &self.leak {
            superuser.run(POLICIES_ALONE).await?;
            let app = Session::open(&database.url("crow_app")).await?;
            let seen = app.run(&fill_in(&format!("BEGIN; SELECT crow.enter('{{a}}'); {leak}"))).await?;
            assert!(seen.iter().any(|row| row.contains("SECRET-B")), "this is no attack: {seen:?}");
        }
        if self.changes_nothing || !self.faults.is_empty() || self.error.is_some() {
            before.expect_same(&after)?;
        }
        for then in &self.then {
            expect(&then.query, &superuser.run(&then.query).await?, &then.rows)?;
        }
        if self.idempotent {
            session.run(&self.call).await?;
            after.expect_same(&Snapshot::take(&superuser).await?.without("role "))?;
        }
        Ok(Completion::Completed)
    }

    fn expect_faults(&self, refusal: &str) -> Fallible {
        let (head, lines) = refusal.split_once('\n').unwrap_or((refusal, ""));
        let unmentioned: Vec<_> = self.faults.iter().filter(|fault| !lines.contains(&**fault)).collect();
        if head.starts_with("42501 crow.unprotectable: cannot protect ")
            && unmentioned.is_empty()
            && lines.lines().count() == self.faults.len()
        {
            return Ok(());
        }
        Err(format!("the refusal lacks {unmentioned:?} or says more: {refusal}").into())
    }
}

const POLICIES_ALONE: &str = "
    ALTER TABLE t OWNER TO crow_owner; ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;
    CREATE POLICY tenant_access ON t USING (tenant_id = (SELECT crow.current_tenant()));
    CREATE POLICY tenant_isolation ON t AS RESTRICTIVE USING (tenant_id = (SELECT crow.current_tenant()));
    GRANT SELECT, INSERT, UPDATE, DELETE ON t TO crow_app";

fn fill_in(sql: &str) -> String {
    world::fill_in(sql, &[])
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, wanted: &T) -> Fallible {
    if got == wanted { Ok(()) } else { Err(format!("{what}: expected {wanted:?}, got {got:?}").into()) }
}

fn crow_migrator() -> String {
    "crow_migrator".into()
}
