//! What a tenant, an application or an admin can do to reach what is not theirs, tried where crow protects the tables;
//! and, as the control, where they are protected as is common, which shows that the attack is one.

use crow_core::schema::INSTALL_SQL;
use libtest_mimic::Trial;
use serde::Deserialize;

use crate::session::{Refused, Session};
use crate::world::{self, HOSTILE_SCHEMA, World, fill_in};
use crate::{Fallible, trial};

/// What the attacked tenant's rows hold.
const SECRET: &str = "SECRET-B";

const GROUPS: [(&str, &str); 11] = [
    ("lifecycle", include_str!("attacks/lifecycle.toml")),
    ("policies", include_str!("attacks/policies.toml")),
    ("keys", include_str!("attacks/keys.toml")),
    ("roles", include_str!("attacks/roles.toml")),
    ("injection", include_str!("attacks/injection.toml")),
    ("doors", include_str!("attacks/doors.toml")),
    ("sessions", include_str!("attacks/sessions.toml")),
    ("grants", include_str!("attacks/grants.toml")),
    ("plans", include_str!("attacks/plans.toml")),
    ("admin", include_str!("attacks/admin.toml")),
    ("limits", include_str!("attacks/limits.toml")),
];

#[derive(Deserialize)]
struct File {
    case: Vec<Attack>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attack {
    pub(crate) name: String,
    #[serde(default = "crow_app")]
    role: String,
    /// The session's startup options.
    #[serde(default)]
    options: String,
    #[serde(default)]
    private: bool,
    /// Run by the superuser before.
    #[serde(default)]
    setup: String,
    /// Each a message of its own. After one that is refused comes no other, unless it begins with "? "; the rows of one with
    /// `/*quiet*/` are the tenant's own and count as no leak.
    steps: Vec<String>,
    /// Asked by the superuser after.
    check: Option<String>,
    crow: Side,
    naive: Option<Side>,
}

/// What is different in one world, and what comes of the attack there.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Side {
    role: Option<String>,
    #[serde(default)]
    setup: String,
    /// The table that stands for `{table}`.
    table: Option<String>,
    steps: Option<Vec<String>>,
    /// "ok", "no row", "row a|b", "2 rows" or "error SQLSTATE constraint": how the last step ended, or the first that was
    /// refused. Then ", leak" if the session saw something of the other tenant.
    expect: String,
    check: Option<String>,
}

#[derive(Debug)]
struct Outcome {
    end: Result<Vec<String>, Refused>,
    leak: bool,
    check: Option<String>,
}

pub(crate) fn all() -> impl Iterator<Item = (&'static str, Attack)> {
    GROUPS.iter().flat_map(|(group, text)| {
        let file: File = toml::from_str(text).unwrap_or_else(|error| panic!("{group}.toml: {error}"));
        file.case.into_iter().map(move |attack| (*group, attack))
    })
}

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (group, attack) in all() {
        assert!(group == "limits" || !attack.crow.expect.ends_with(", leak"), "{}", attack.name);
        if attack.naive.is_some() {
            let control = attack.clone();
            trials.push(trial(format!("control::{group}::{}", attack.name), async move || {
                Ok(control.try_naive().await??)
            }));
        }
        trials.push(trial(format!("attack::{group}::{}", attack.name), async move || {
            Ok(attack.try_crow(INSTALL_SQL).await??)
        }));
    }
    trials
}

impl Attack {
    /// Says in what the attack ended otherwise than expected, where crow was installed by `install`.
    pub(crate) async fn try_crow(&self, install: &str) -> Fallible<Result<(), String>> {
        let outcome =
            self.play(&self.crow, &World::crow_installed_by(install), "crow.enter('{tenant}')").await?;
        Ok(self.crow.judge(&outcome))
    }

    async fn try_naive(&self) -> Fallible<Result<(), String>> {
        let Some(side) = &self.naive else { return Ok(Ok(())) };
        let enter = "set_config('app.current_tenant', '{tenant}', true)";
        Ok(side.judge(&self.play(side, &World::naive(), enter).await?))
    }

    async fn play(&self, side: &Side, world: &World, enter: &str) -> Fallible<Outcome> {
        let (database, superuser) = world.database(&world::server(self.private)?).await?;
        let table = side.table.as_deref().unwrap_or("doc");
        let fill_in = |sql: &str| {
            fill_in(
                sql,
                &[
                    ("hostile_schema", HOSTILE_SCHEMA),
                    ("keep_scope", KEEP_SCOPE),
                    ("forge_b", FORGE_B),
                    ("enter_a", &enter.replace("{tenant}", "{a}")),
                    ("enter_b", &enter.replace("{tenant}", "{b}")),
                    ("table", table),
                    ("db", database.name()),
                ],
            )
        };

        superuser.run(&fill_in(&self.setup)).await?;
        superuser.run(&fill_in(&side.setup)).await?;

        let role = side.role.as_ref().unwrap_or(&self.role);
        let session = Session::open_with(&world::url(&database, role), &fill_in(&self.options)).await?;
        let mut end = Ok(Vec::new());
        let mut seen = Vec::new();
        for step in side.steps.as_ref().unwrap_or(&self.steps) {
            let (step, may_fail) = step.strip_prefix("? ").map_or((&**step, false), |step| (step, true));
            let answer = session.run(&fill_in(step)).await;
            match &answer {
                Ok(rows) if !step.contains("/*quiet*/") => seen.extend(rows.iter().cloned()),
                Ok(_) => {}
                Err(refused) => seen.extend([refused.message.clone(), refused.rest.clone()]),
            }
            if may_fail && answer.is_err() {
                continue;
            }
            end = answer;
            if end.is_err() {
                break;
            }
        }
        seen.extend(session.notices());

        let check = match &self.check {
            Some(query) => superuser.run(&fill_in(query)).await?.pop(),
            None => None,
        };
        Ok(Outcome { end, leak: seen.iter().any(|text| text.contains(SECRET)), check })
    }
}

impl Side {
    fn judge(&self, outcome: &Outcome) -> Result<(), String> {
        let (end, leak) = match self.expect.strip_suffix(", leak") {
            Some(end) => (end, true),
            None => (&*self.expect, false),
        };
        let ended = match &outcome.end {
            Ok(_) if end == "ok" => "ok".to_owned(),
            Ok(rows) => match &rows[..] {
                [] => "no row".to_owned(),
                [row] => format!("row {row}"),
                rows => format!("{} rows", rows.len()),
            },
            Err(refused) => format!("error {}", refused.code),
        };
        if ended == end && outcome.leak == leak && outcome.check == self.check {
            return Ok(());
        }
        Err(format!("expected {}, check {:?}; it came to {ended}: {outcome:#?}", self.expect, self.check))
    }
}

/// What stacked SQL can do with a scope: keep it beyond the transaction, or write one for another tenant.
const KEEP_SCOPE: &str = "DO $$ BEGIN
  EXECUTE format('SET SESSION crow.scope = %L', coalesce(current_setting('crow.scope', true), ''));
  EXECUTE format('SET SESSION app.current_tenant = %L', coalesce(current_setting('app.current_tenant', true), ''));
END $$";
const FORGE_B: &str = "DO $$ BEGIN
  EXECUTE format('SET LOCAL crow.scope = %L', encode(timestamptz_send(now()), 'hex') || '{b}');
  EXECUTE 'SET LOCAL app.current_tenant = ''{b}''';
END $$";

fn crow_app() -> String {
    "crow_app".into()
}
