//! Seeing another tenant's rows.

use super::super::attack::Play::{Counts, Sees, Tells};
use super::super::attack::{Attack, Control, Script};
use super::{PROTECT, REINSTALL};
use crate::fill::identifier;

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "read by key",
        shows: "who gets hold of a key, from a link or a log, reads the row",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| Ok(vec![Sees(Script::new([format!("{} WHERE {}", t.list(), t.is(&t.rows.theirs)?)]))]),
    },
    Attack {
        name: "list",
        shows: "a query without WHERE shows everybody's rows",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| Ok(vec![Sees(Script::new([t.list()]))]),
    },
    Attack {
        name: "list another tenant's",
        shows: "a tenant id from the request is believed",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            Ok(vec![Sees(Script::new([format!("{} WHERE tenant_id = '{}'", t.list(), t.rows.victim)]))])
        },
    },
    Attack {
        name: "join with itself",
        shows: "a second appearance of the table has no condition on the tenant",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            Ok(vec![Sees(Script::new([format!(
                "SELECT o::text AS text FROM {0} AS t CROSS JOIN {0} AS o",
                t.table
            )]))])
        },
    },
    Attack {
        name: "join along a foreign key",
        shows: "rows come in through the table that they are joined to",
        cure: "SELECT crow.protect(..) for both tables: {table} and the one that it is joined to",
        control: Control::Bare,
        plays: |t| {
            let own = t.parents.iter().map(|parent| (parent, false));
            let both = own.chain(t.children.iter().map(|child| (child, true)));
            let joins = both.map(|(other, is_child)| {
                let on = other.columns.iter().map(|(child, parent)| {
                    let (of_t, of_o) = if is_child { (parent, child) } else { (child, parent) };
                    format!("t.{} = o.{}", identifier(of_t), identifier(of_o))
                });
                let on = on.collect::<Vec<_>>().join(" AND ");
                let join = if other.table == t.table { "LEFT JOIN" } else { "JOIN" };
                Sees(Script::new([format!(
                    "SELECT concat(t::text, o::text) AS text FROM {} AS t {join} {} AS o ON {on}",
                    t.table, other.table
                )]))
            });
            let joins: Vec<_> = joins.collect();
            if joins.is_empty() { Err("no foreign key to or from a tenant table".into()) } else { Ok(joins) }
        },
    },
    Attack {
        name: "subquery",
        shows: "a value computed from everybody's rows",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            Ok(vec![Sees(Script::new([format!(
                "SELECT (SELECT string_agg(t::text, ' ') FROM {} AS t) AS text",
                t.table
            )]))])
        },
    },
    Attack {
        name: "union",
        shows: "an injected UNION has no WHERE",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| Ok(vec![Sees(Script::new([format!("{0} WHERE false UNION ALL {0}", t.list())]))]),
    },
    Attack {
        name: "common table expression",
        shows: "what is materialised before the condition applies",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            Ok(vec![Sees(Script::new([format!(
                "WITH x AS MATERIALIZED (SELECT * FROM {}) SELECT x::text AS text FROM x",
                t.table
            )]))])
        },
    },
    Attack {
        name: "lock",
        shows: "rows that are locked are shown, and kept from their owner",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| Ok(vec![Sees(Script::new([format!("{} FOR UPDATE", t.list())]))]),
    },
    Attack {
        name: "count",
        shows: "how much the others have",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| Ok(vec![Counts(Script::new([format!("SELECT count(*)::text AS text FROM {}", t.table)]))]),
    },
    Attack {
        name: "aggregate",
        shows: "sums and lists of columns over everybody's rows",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            Ok(vec![Sees(Script::new([format!(
                "SELECT array_agg(t.tenant_id)::text AS text FROM {} AS t",
                t.table
            )]))])
        },
    },
    Attack {
        name: "exists",
        shows: "whether another tenant has a row",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            let asked = |row| {
                Ok::<_, String>(Script::new([format!(
                    "SELECT EXISTS (SELECT FROM {} AS t WHERE {})::text AS text",
                    t.table,
                    t.is(row)?
                )]))
            };
            Ok(vec![Tells { theirs: asked(&t.rows.theirs)?, nobodys: asked(&t.rows.nobodys)? }])
        },
    },
    Attack {
        name: "cursor",
        shows: "rows are fetched later than they are asked for",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            Ok(vec![Sees(Script::new([
                format!("DECLARE c CURSOR FOR {}", t.list()),
                "FETCH ALL FROM c".into(),
            ]))])
        },
    },
    Attack {
        name: "prepared statement of another tenant's",
        shows: "a plan that was made for one tenant serves the next one on the connection",
        cure: REINSTALL,
        control: Control::Bare,
        plays: |t| {
            let enter = format!("SELECT crow.enter('{}')", t.rows.victim);
            let run = || "EXECUTE kept".to_owned();
            let before = [
                "BEGIN".into(),
                enter,
                format!("PREPARE kept AS {}", t.list()),
                run(),
                run(),
                run(),
                run(),
                run(),
                run(),
                "COMMIT".into(),
            ];
            Ok(vec![Sees(Script::new([run()]).after(before))])
        },
    },
    Attack {
        name: "no tenant",
        shows: "code that forgets to say whom it works for sees everybody's rows",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| Ok(vec![Sees(Script::new([t.list()]).outside())]),
    },
    Attack {
        name: "connection that another tenant left",
        shows: "a pooled connection remembers whom it worked for",
        cure: REINSTALL,
        control: Control::Bare,
        plays: |t| {
            let enter = format!("SELECT crow.enter('{}')", t.rows.victim);
            let left = ["BEGIN".into(), enter.clone(), "COMMIT".into()];
            let chained = ["BEGIN".into(), enter.clone(), "COMMIT AND CHAIN".into()];
            let rolled_back = ["BEGIN".into(), enter, "ROLLBACK".into()];
            let list = || Script::new([t.list()]).outside();
            Ok(vec![Sees(list().after(left)), Sees(list().after(chained)), Sees(list().after(rolled_back))])
        },
    },
    Attack {
        name: "row_security off",
        shows: "the setting that is there for dumps opens the table",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| Ok(vec![Sees(Script::new(["SET LOCAL row_security = off".into(), t.list()]))]),
    },
    Attack {
        name: "error of a cast",
        shows: "an error message quotes what the statement may not see",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            let cast = format!("CASE WHEN t.tenant_id <> '{}' THEN (t::text)::int END > 0", t.rows.attacker);
            Ok(vec![Sees(
                Script::new([format!("SELECT count(*)::text AS text FROM {} AS t WHERE {cast}", t.table)])
                    .bare(),
            )])
        },
    },
    Attack {
        name: "error of a constraint",
        shows: "the server's DETAIL prints the row that it refuses",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            // With its tenant, all that is left to know the row by goes.
            if t.marks().len() < 2 {
                return Err("no value but the tenant's by which the row is known".into());
            }
            let update =
                format!("UPDATE {} SET tenant_id = NULL WHERE tenant_id <> '{}'", t.table, t.rows.attacker);
            Ok(vec![Sees(Script::new([update]).bare())])
        },
    },
    Attack {
        name: "COPY TO",
        shows: "a bulk export of everybody's rows",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            Ok(vec![Sees(Script::new([format!("COPY (SELECT * FROM {}) TO STDOUT", t.table)]).bare())])
        },
    },
    Attack {
        name: "read a partition by name",
        shows: "a partition has neither its parent's policies nor its grants",
        cure: PROTECT,
        control: Control::Bare,
        plays: |t| {
            let list = |name| format!("SELECT p::text AS text FROM {name} AS p");
            let reads: Vec<_> = t.partitions.iter().map(|name| Sees(Script::new([list(name)]))).collect();
            if reads.is_empty() { Err("no partitions".into()) } else { Ok(reads) }
        },
    },
    Attack {
        name: "read through a view",
        shows: "a view reads with the rights of its owner",
        cure: "ALTER VIEW .. SET (security_invoker = true, security_barrier = true); of a materialized view of {table}, REVOKE ALL .. FROM crow_app",
        control: Control::Bare,
        plays: |t| {
            let reads = t
                .views
                .iter()
                .map(|view| Sees(Script::new([format!("SELECT v::text AS text FROM {} AS v", view.name)])));
            let reads: Vec<_> = reads.collect();
            if reads.is_empty() { Err("no view of it".into()) } else { Ok(reads) }
        },
    },
];
