//! What keys and foreign keys tell, and what hangs on them: no policy is asked.

use super::super::attack::Play::{Hangs, Lands, Tells};
use super::super::attack::{Attack, Control, Play, Script};
use super::super::target::{Target, equal};
use crate::fill::identifier;

const KEYS: &str =
    "begin every unique key of {table} with tenant_id: PRIMARY KEY (tenant_id, ..), UNIQUE (tenant_id, ..)";
const FOREIGN_KEYS: &str =
    "pair the tenants in every foreign key: FOREIGN KEY (tenant_id, ..) REFERENCES .. (tenant_id, ..)";

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "existence by primary key",
        shows: "an insert that conflicts tells that another tenant has the key",
        cure: KEYS,
        control: Control::Bare,
        plays: |t| {
            across_tenants(t)?;
            let key = t.keys.first().ok_or("no key")?;
            Ok(vec![told(t, key).ok_or("no key beside the tenant")?])
        },
    },
    Attack {
        name: "existence by unique key",
        shows: "an insert that conflicts tells that another tenant has the value",
        cure: KEYS,
        control: Control::Bare,
        plays: |t| {
            across_tenants(t)?;
            let told: Vec<_> = t.keys.iter().skip(1).filter_map(|key| told(t, key)).collect();
            if told.is_empty() { Err("no unique key beside the primary one".into()) } else { Ok(told) }
        },
    },
    Attack {
        name: "link by foreign key",
        shows: "a row hangs on one of another tenant's, and so tells that it is there",
        cure: FOREIGN_KEYS,
        control: Control::Bare,
        plays: |t| {
            links(t, |t, link| Ok(format!("{} RETURNING 'linked' AS text", t.insert(&t.rows.spare, link))))
        },
    },
    Attack {
        name: "link by update",
        shows: "a row is made to hang on one of another tenant's",
        cure: FOREIGN_KEYS,
        control: Control::Bare,
        plays: |t| {
            links(t, |t, link| {
                let (set, own) = (Target::set(link), t.is(&t.rows.own)?);
                Ok(format!("UPDATE {} AS t SET {set} WHERE {own} RETURNING 'linked' AS text", t.table))
            })
        },
    },
    Attack {
        name: "cascade",
        shows: "a row of another tenant's that hangs on one's own is deleted, changed, or betrayed with it",
        cure: FOREIGN_KEYS,
        control: Control::Bare,
        plays: |t| {
            across_tenants(t)?;
            let hangs: Option<Vec<_>> = t
                .children
                .iter()
                .zip(&t.rows.children)
                .map(|(child, row)| {
                    let refer: Option<Vec<_>> = child
                        .columns
                        .iter()
                        .map(|(column, parent)| Some((column.clone(), Some(t.rows.own.get(parent)?))))
                        .collect();
                    let hung =
                        child.columns.iter().map(|(column, _)| equal(&identifier(column), row.get(column)));
                    let set_up = format!(
                        "UPDATE {} SET {} WHERE tenant_id = '{}' AND {}",
                        child.table,
                        Target::set(&refer?),
                        t.rows.victim,
                        hung.collect::<Vec<_>>().join(" AND ")
                    );
                    let script = Script::new([format!(
                        "DELETE FROM {} AS t WHERE {}",
                        t.table,
                        t.is(&t.rows.own).ok()?
                    )]);
                    Some(Hangs { set_up, script: script.committed() })
                })
                .collect();
            match hangs {
                Some(hangs) if !hangs.is_empty() => Ok(hangs),
                _ => Err("no tenant table refers to it".into()),
            }
        },
    },
];

fn across_tenants(t: &Target) -> Result<(), String> {
    if t.by_tenant { Err("partitioned by tenant_id: no key can do without".into()) } else { Ok(()) }
}

/// Inserting a row of one's own with a key that another tenant has, and with one that nobody has.
fn told(t: &Target, key: &[String]) -> Option<Play> {
    let (theirs, nobodys) = (t.key_values(key, &t.rows.theirs)?, t.key_values(key, &t.rows.nobodys)?);
    // Of a column that takes few values several tenants may have the same, and one's own row would be in the way.
    let own = t.key_values(key, &t.rows.own);
    let same = [&theirs, &nobodys].into_iter().any(|other| own.as_ref() == Some(other));
    let delete =
        same.then(|| format!("DELETE FROM {} AS t WHERE {}", t.table, t.is(&t.rows.own).unwrap_or_default()));
    let insert = |key| {
        let steps = delete.iter().cloned().chain([t.insert(&t.rows.spare, key)]).collect();
        Script { steps, ..Script::new([]) }
    };
    Some(Tells { theirs: insert(&theirs), nobodys: insert(&nobodys) })
}

fn links(
    t: &Target,
    statement: impl Fn(&Target, &[(String, Option<&str>)]) -> Result<String, String>,
) -> Result<Vec<Play>, String> {
    let links = t.parents.iter().filter_map(|parent| t.link(parent));
    let links: Result<Vec<_>, String> =
        links.map(|link| Ok(Lands(Script::new([statement(t, &link)?])))).collect();
    links.and_then(|links| if links.is_empty() { Err("refers to no tenant table".into()) } else { Ok(links) })
}
