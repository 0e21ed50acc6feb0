//! Changing another tenant's rows, and making some.

use super::super::attack::Play::{Changes, Sees};
use super::super::attack::{Attack, Control, Play, Script};
use super::super::target::{Target, View};
use super::PROTECT;
use crate::fill::{identifier, literal};

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "update by key",
        shows: "who gets hold of a key changes the row",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| one(format!("{} WHERE {}", update(t), t.is(&t.rows.theirs)?)),
    },
    Attack {
        name: "update without WHERE",
        shows: "a forgotten condition changes everybody's rows",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| one(update(t)),
    },
    Attack {
        name: "update that returns",
        shows: "a forgotten condition changes everybody's rows, and shows them",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| Ok(vec![Sees(Script::new([format!("{} RETURNING t::text AS text", update(t))]))]),
    },
    Attack {
        name: "delete by key",
        shows: "who gets hold of a key deletes the row",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| one(format!("DELETE FROM {} AS t WHERE {}", t.table, t.is(&t.rows.theirs)?)),
    },
    Attack {
        name: "delete without WHERE",
        shows: "a forgotten condition deletes everybody's rows",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| one(format!("DELETE FROM {}", t.table)),
    },
    Attack {
        name: "delete in a common table expression",
        shows: "what writes below a SELECT",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            one(format!(
                "WITH gone AS (DELETE FROM {} RETURNING 1) SELECT count(*)::text AS text FROM gone",
                t.table
            ))
        },
    },
    Attack {
        name: "insert for another tenant",
        shows: "rows are planted among another tenant's",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| one(t.insert(&t.rows.their_spare, &[])),
    },
    Attack {
        name: "move a row to another tenant",
        shows: "a row is planted by an update of tenant_id",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            let update = format!("UPDATE {} AS t SET {}", t.table, Target::set(&t.of_victim()));
            // With a WHERE the policies of SELECT are asked too, and may refuse what those of UPDATE let through.
            let [one, all] = [format!("{update} WHERE {}", t.is(&t.rows.own)?), update];
            Ok([one, all].map(|step| Changes(Script::new([step]).committed())).into())
        },
    },
    Attack {
        name: "take a row over",
        shows: "an update of tenant_id makes another tenant's row one's own",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            one(format!(
                "UPDATE {} AS t SET tenant_id = '{}' WHERE {}",
                t.table,
                t.rows.attacker,
                t.is(&t.rows.theirs)?
            ))
        },
    },
    Attack {
        name: "upsert on another's key",
        shows: "ON CONFLICT finds the row of another tenant, and changes it",
        cure: "begin every unique key of {table} with tenant_id, and SELECT crow.protect('{table}')",
        control: Control::Bare,
        plays: |t| {
            let key = t
                .keys
                .first()
                .and_then(|key| t.key_values(key, &t.rows.theirs))
                .ok_or("no key beside the tenant")?;
            let same = format!("ON CONFLICT ({}) DO UPDATE SET {}", t.conflict()?, t.assignment());
            let in_their_name: Vec<_> = key.iter().cloned().chain(t.of_victim()).collect();
            Ok(vec![
                Changes(Script::new([format!("{} {same}", t.insert(&t.rows.spare, &key))]).committed()),
                Changes(
                    Script::new([format!("{} {same}", t.insert(&t.rows.spare, &in_their_name))]).committed(),
                ),
            ])
        },
    },
    Attack {
        name: "merge",
        shows: "MERGE finds the row of another tenant, and changes it",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            one(format!(
                "MERGE INTO {} AS t USING (VALUES (1)) AS v (one) ON {} WHEN MATCHED THEN UPDATE SET {}",
                t.table,
                t.is(&t.rows.theirs)?,
                t.assignment()
            ))
        },
    },
    Attack {
        name: "TRUNCATE",
        shows: "policies are not asked: everybody's rows are gone",
        cure: "REVOKE TRUNCATE ON {table} FROM crow_app, PUBLIC",
        control: Control::Bare,
        plays: |t| one(format!("TRUNCATE {} CASCADE", t.table)),
    },
    Attack {
        name: "COPY FROM",
        shows: "a bulk import plants rows among another tenant's",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            let values = t.columns.iter().map(|column| copied(t.rows.their_spare.get(column)));
            let row = values.collect::<Vec<_>>().join("\t");
            let columns = t.columns.iter().map(|column| identifier(column)).collect::<Vec<_>>().join(", ");
            let copy = format!("COPY {} ({columns}) FROM STDIN\n{row}\n", t.table);
            // The driver loses its place where the server refuses a COPY.
            Ok(vec![Changes(Script::new([copy]).committed().with_options(""))])
        },
    },
    Attack {
        name: "write to a partition by name",
        shows: "a partition has neither its parent's policies nor its grants",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            let theirs = literal(Some(&t.rows.victim));
            let deletes = t.partitions.iter().map(|name| {
                Changes(Script::new([format!("DELETE FROM {name} WHERE tenant_id = {theirs}")]).committed())
            });
            let deletes: Vec<_> = deletes.collect();
            if deletes.is_empty() { Err("no partitions".into()) } else { Ok(deletes) }
        },
    },
    Attack {
        name: "write through a view",
        shows: "a view writes with the rights of its owner",
        cure: "ALTER VIEW .. SET (security_invoker = true, security_barrier = true)",
        control: Control::Bare,
        plays: |t| {
            let writable = t.views.iter().filter(|view| view.writable);
            let delete =
                |view: &View| Changes(Script::new([format!("DELETE FROM {}", view.name)]).committed());
            let deletes: Vec<_> = writable.map(delete).collect();
            if deletes.is_empty() { Err("no view that can be written through".into()) } else { Ok(deletes) }
        },
    },
];

fn one(step: String) -> Result<Vec<Play>, String> {
    Ok(vec![Changes(Script::new([step]).committed())])
}

fn update(t: &Target) -> String {
    format!("UPDATE {} AS t SET {}", t.table, t.assignment())
}

/// A value in COPY's text format.
fn copied(value: Option<&str>) -> String {
    match value {
        None => "\\N".into(),
        Some(text) => {
            text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
        }
    }
}
