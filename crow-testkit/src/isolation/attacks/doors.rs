//! What the role may do beside reading and writing rows.

use super::super::attack::Play::{Lands, Sees};
use super::super::attack::{Attack, Control, Script};

const OWNER: &str = "as superuser, SELECT crow.protect('{table}'): it gives the table to crow_owner";

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "switch row-level security off",
        shows: "the application owns the table, and one injected statement opens it",
        cure: OWNER,
        control: Control::Bare,
        plays: |t| {
            Ok(vec![Sees(
                Script::new([format!("ALTER TABLE {} DISABLE ROW LEVEL SECURITY", t.table), t.list()]).bare(),
            )])
        },
    },
    Attack {
        name: "add a policy",
        shows: "the application owns the table, and one injected statement opens it",
        cure: OWNER,
        control: Control::Bare,
        plays: |t| {
            Ok(vec![Sees(
                Script::new([format!("CREATE POLICY everything ON {} USING (true)", t.table), t.list()])
                    .bare(),
            )])
        },
    },
    Attack {
        name: "add a trigger",
        shows: "code of the application's runs as whoever touches the table, the admin for one",
        cure: "REVOKE TRIGGER ON {table} FROM crow_app, PUBLIC",
        control: Control::Bare,
        plays: |t| {
            let create = format!(
                "CREATE TRIGGER ours BEFORE UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
                t.table
            );
            Ok(vec![Lands(Script::new([create]).bare())])
        },
    },
    Attack {
        name: "become another role",
        shows: "one SET ROLE, and no policy applies",
        cure: "REVOKE crow_admin, crow_migrator, crow_owner FROM crow_app",
        control: Control::Member,
        plays: |t| {
            let roles = ["crow_admin", "crow_migrator", "crow_owner"];
            Ok(roles
                .map(|role| Sees(Script::new([format!("SET LOCAL ROLE {role}"), t.list()]).bare()))
                .into())
        },
    },
];
