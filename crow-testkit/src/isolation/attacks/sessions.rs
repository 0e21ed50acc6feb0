//! Whom a session, a transaction and its settings belong to.

use super::super::attack::Play::Sees;
use super::super::attack::{Attack, Control, Play, Script};
use super::super::target::Target;
use super::REINSTALL;

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "second tenant in the transaction",
        shows: "whoever can call a function is any tenant, one after the other",
        cure: REINSTALL,
        control: Control::Usual,
        plays: |t| one(Script::new([enter(t), t.list()])),
    },
    Attack {
        name: "second tenant in one statement",
        shows: "an injected expression changes the tenant before the rows are read",
        cure: REINSTALL,
        control: Control::Usual,
        plays: |t| {
            let (victim, table) = (&t.rows.victim, &t.table);
            one(Script::new([format!(
                "WITH other AS MATERIALIZED (SELECT crow.enter('{victim}')::text) \
                 SELECT x.row AS text FROM other, LATERAL (SELECT t::text AS row FROM {table} AS t WHERE other IS NOT NULL) AS x"
            )]))
        },
    },
    Attack {
        name: "set_config",
        shows: "a function that anybody can call sets the tenant",
        cure: REINSTALL,
        control: Control::Usual,
        plays: |t| one(Script::new([set_config(t, "app.current_tenant"), t.list()])),
    },
    Attack {
        name: "set_config in one statement",
        shows: "an injected expression sets the tenant before the rows are read",
        cure: "as superuser, REVOKE EXECUTE ON FUNCTION set_config FROM PUBLIC; and run crow's migration again",
        control: Control::Usual,
        plays: |t| {
            let (victim, table) = (&t.rows.victim, &t.table);
            one(Script::new([format!(
                "WITH other AS MATERIALIZED (SELECT set_config('app.current_tenant', '{victim}', true) AS tenant) \
                 SELECT x.row AS text FROM other, LATERAL (SELECT t::text AS row FROM {table} AS t WHERE other.tenant IS NOT NULL) AS x"
            )]))
        },
    },
    Attack {
        name: "SET LOCAL",
        shows: "SQL of two statements sets the tenant",
        cure: REINSTALL,
        control: Control::Usual,
        plays: |t| {
            let set = |name| format!("SET LOCAL {name} = '{}'", t.rows.victim);
            one(Script::new([set("app.current_tenant"), set("crow.scope"), t.list()]))
        },
    },
    Attack {
        name: "setting kept in the session",
        shows: "what one tenant leaves in the session is the next one's tenant",
        cure: REINSTALL,
        control: Control::Usual,
        plays: |t| {
            let keep = "DO $$ BEGIN \
                EXECUTE format('SET SESSION crow.scope = %L', coalesce(current_setting('crow.scope', true), '')); \
                EXECUTE format('SET SESSION app.current_tenant = %L', coalesce(current_setting('app.current_tenant', true), '')); \
                END $$";
            one(Script::new([t.list()]).outside().after([
                "BEGIN".into(),
                enter(t),
                keep.into(),
                "COMMIT".into(),
            ]))
        },
    },
    Attack {
        name: "setting of the connection string",
        shows: "whoever writes the options of a connection chooses the tenant",
        cure: REINSTALL,
        control: Control::Usual,
        plays: |t| {
            let victim = &t.rows.victim;
            one(Script::new([t.list()])
                .outside()
                .with_options(format!("-c app.current_tenant={victim} -c crow.scope={victim}")))
        },
    },
    Attack {
        name: "cursor over a change of tenant",
        shows: "a cursor that one tenant opened fetches the rows of the next",
        cure: REINSTALL,
        control: Control::Usual,
        plays: |t| {
            one(Script::new([
                format!("DECLARE c CURSOR FOR {}", t.list()),
                enter(t),
                "FETCH ALL FROM c".into(),
            ]))
        },
    },
];

fn one(script: Script) -> Result<Vec<Play>, String> {
    Ok(vec![Sees(script)])
}

fn enter(t: &Target) -> String {
    format!("SELECT crow.enter('{}')::text AS text", t.rows.victim)
}

/// The answer is what was asked for, and nothing of the tenant's.
fn set_config(t: &Target, name: &str) -> String {
    format!("SELECT length(set_config('{name}', '{}', true))::text AS text", t.rows.victim)
}
