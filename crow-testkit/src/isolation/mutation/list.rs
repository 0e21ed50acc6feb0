//! The protections, and how each is taken away.

use super::super::target::{Reference, Shape};
use crate::fill::{TENANT, identifier};

/// A protection that can be taken away.
pub(crate) struct Mutation {
    /// As a test is called.
    pub(crate) name: &'static str,
    /// What is so then.
    pub(crate) what: &'static str,
    /// An error says why there is nothing to take away.
    pub(crate) take: fn(&Shape) -> Result<Taken, String>,
}

/// How it is taken away.
#[derive(Default)]
pub(crate) struct Taken {
    /// Run as the superuser.
    pub(crate) sql: String,
    /// In place of the application's role one with these clauses of CREATE ROLE.
    pub(crate) role: Option<&'static str>,
}

const PREDICATE: &str = "tenant_id = (SELECT crow.current_tenant())";

pub(crate) const MUTATIONS: &[Mutation] = &[
    Mutation {
        name: "row_level_security_is_off",
        what: "row-level security is off",
        take: |t| sql(format!("ALTER TABLE {} DISABLE ROW LEVEL SECURITY", t.table)),
    },
    Mutation {
        name: "not_forced_on_the_owner",
        what: "row-level security does not bind the owner",
        take: |t| sql(format!("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY", t.table)),
    },
    Mutation {
        name: "no_restrictive_policy",
        what: "the restrictive policy is gone, so that the next permissive one opens the table",
        take: |t| sql(format!("DROP POLICY tenant_isolation ON {}", t.table)),
    },
    Mutation {
        name: "no_permissive_policy",
        what: "the permissive policy is gone, and with it all rows",
        take: |t| sql(format!("DROP POLICY tenant_access ON {}", t.table)),
    },
    Mutation {
        name: "a_permissive_twin",
        what: "a second permissive policy lets everybody in, and the restrictive one alone holds",
        take: |t| sql(format!("CREATE POLICY twin ON {} USING (true) WITH CHECK (true)", t.table)),
    },
    Mutation {
        name: "a_permissive_twin_alone",
        what: "a second permissive policy lets everybody in, and the restrictive one is gone",
        take: |t| {
            sql(format!(
                "DROP POLICY tenant_isolation ON {0}; CREATE POLICY twin ON {0} USING (true) WITH CHECK (true)",
                t.table
            ))
        },
    },
    Mutation {
        name: "no_check_of_what_is_written",
        what: "the policies look at what is read and not at what is written",
        take: |t| policies(t, PREDICATE, "true"),
    },
    Mutation {
        name: "no_policy_of_updates_and_deletes",
        what: "the policies of UPDATE and DELETE let every row through",
        take: |t| {
            let drop =
                format!("DROP POLICY tenant_access ON {0}; DROP POLICY tenant_isolation ON {0}", t.table);
            let each = [
                ("SELECT", format!("USING ({PREDICATE})")),
                ("INSERT", format!("WITH CHECK ({PREDICATE})")),
                ("UPDATE", "USING (true)".into()),
                ("DELETE", "USING (true)".into()),
            ];
            let each = each.map(|(command, rest)| {
                format!("; CREATE POLICY of_{command} ON {} FOR {command} {rest}", t.table)
            });
            sql(drop + &each.concat())
        },
    },
    Mutation {
        name: "policies_of_one_role",
        what: "the policies are those of one role, and other roles have none",
        take: |t| {
            sql(format!(
                "ALTER POLICY tenant_access ON {0} TO crow_app; ALTER POLICY tenant_isolation ON {0} TO crow_app",
                t.table
            ))
        },
    },
    Mutation {
        name: "no_tenant_means_everybody",
        what: "a session without a tenant sees everything",
        take: |t| {
            let none = "coalesce(current_setting('app.current_tenant', true), '') = ''";
            let either = format!("CASE WHEN {none} THEN true ELSE {PREDICATE} END");
            policies(t, &either, &either)
        },
    },
    Mutation {
        name: "tenant_from_a_setting",
        what: "the policies read a setting that any session can change",
        take: |t| {
            let setting = "tenant_id = nullif(current_setting('app.current_tenant', true), '')::uuid";
            policies(t, setting, setting)
        },
    },
    Mutation {
        name: "key_without_the_tenant",
        what: "a unique key does not begin with the tenant",
        take: |t| {
            if t.by_tenant {
                return Err("partitioned by tenant_id: no key can do without".into());
            }
            let key: Vec<_> =
                t.keys.first().into_iter().flatten().filter(|column| *column != TENANT).collect();
            match key.is_empty() {
                true => Err("no key beside the tenant".into()),
                false => sql(format!("CREATE UNIQUE INDEX global ON {} ({})", t.table, list(key))),
            }
        },
    },
    Mutation {
        name: "foreign_key_without_the_tenant",
        what: "a foreign key does not pair the tenants",
        take: |t| {
            let parent = parent(t)?;
            let (children, parents): (Vec<_>, Vec<_>) =
                parent.columns.iter().map(|(child, parent)| (child, parent)).unzip();
            let (children, parents) = (list(children), list(parents));
            sql(format!(
                "CREATE UNIQUE INDEX global ON {other} ({parents}); ALTER TABLE {table} DROP CONSTRAINT {name}, \
                 ADD CONSTRAINT plain FOREIGN KEY ({children}) REFERENCES {other} ({parents})",
                other = parent.table,
                table = t.table,
                name = identifier(&parent.name),
            ))
        },
    },
    Mutation {
        name: "foreign_key_switched_off",
        what: "the triggers of the table, and with them its foreign keys, are disabled",
        take: |t| {
            parent(t)?;
            sql(format!("ALTER TABLE {} DISABLE TRIGGER ALL", t.table))
        },
    },
    Mutation {
        name: "granted_truncate",
        what: "the application may TRUNCATE",
        take: |t| sql(format!("GRANT TRUNCATE ON {} TO crow_app", t.table)),
    },
    Mutation {
        name: "granted_references",
        what: "the application may refer to the table from one of its own",
        take: |t| sql(format!("GRANT REFERENCES ON {} TO crow_app", t.table)),
    },
    Mutation {
        name: "granted_trigger",
        what: "the application may put triggers on the table",
        take: |t| sql(format!("GRANT TRIGGER ON {} TO crow_app", t.table)),
    },
    Mutation {
        name: "granted_a_partition",
        what: "the application may use a partition by its own name",
        take: |t| each_partition(t, "GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO crow_app"),
    },
    Mutation {
        name: "unprotected_partition",
        what: "a partition has no row-level security and is granted",
        take: |t| {
            each_partition(
                t,
                "ALTER TABLE {} DISABLE ROW LEVEL SECURITY; GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO crow_app",
            )
        },
    },
    Mutation {
        name: "view_with_its_owners_rights",
        what: "a view reads with the rights of its owner",
        take: |t| {
            sql(format!(
                "CREATE VIEW {0} AS SELECT * FROM {1}; GRANT SELECT, DELETE ON {0} TO crow_app",
                beside(t),
                t.table
            ))
        },
    },
    Mutation {
        name: "materialized_view",
        what: "a materialized view of everybody's rows is granted",
        take: |t| {
            sql(format!(
                "CREATE MATERIALIZED VIEW {0} AS SELECT * FROM {1}; GRANT SELECT ON {0} TO crow_app",
                beside(t),
                t.table
            ))
        },
    },
    Mutation {
        name: "function_with_its_owners_rights",
        what: "a function reads with the rights of its owner",
        take: |t| {
            sql(format!(
                "CREATE FUNCTION {}() RETURNS SETOF {1} LANGUAGE sql SECURITY DEFINER AS $$ SELECT * FROM {1} $$",
                beside(t),
                t.table
            ))
        },
    },
    Mutation {
        name: "owned_by_the_application",
        what: "the table belongs to the application's role",
        take: |t| sql(format!("ALTER TABLE {} OWNER TO crow_app", t.table)),
    },
    Mutation {
        name: "immutable_current_tenant",
        what: "crow.current_tenant is IMMUTABLE, so that plans keep a tenant",
        take: |_| sql("ALTER FUNCTION crow.current_tenant() IMMUTABLE".into()),
    },
    Mutation {
        name: "no_tenant_is_no_error",
        what: "crow.current_tenant is null where there is no tenant, and raises nothing",
        take: |_| {
            sql(current_tenant(
                "pg_catalog.left(pg_catalog.current_setting('crow.scope', true), 16)
                = pg_catalog.encode(pg_catalog.timestamptz_send(now()), 'hex')",
            ))
        },
    },
    Mutation {
        name: "tenant_of_another_transaction",
        what: "crow.current_tenant takes the scope of any transaction",
        take: |_| sql(current_tenant("coalesce(pg_catalog.current_setting('crow.scope', true), '') <> ''")),
    },
    Mutation {
        name: "second_tenant_in_a_transaction",
        what: "crow.enter lets a transaction change its tenant",
        take: |_| {
            sql("CREATE OR REPLACE FUNCTION crow.enter(tenant uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
                   PERFORM set_config('app.current_tenant', tenant::text, true),
                     set_config('crow.scope', encode(timestamptz_send(now()), 'hex') || tenant, true);
                 END $$".into())
        },
    },
    Mutation {
        name: "set_config_for_everybody",
        what: "set_config may be called in any expression",
        take: |_| sql("GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO PUBLIC".into()),
    },
    Mutation {
        name: "temporary_tables",
        what: "the application may keep rows in temporary tables",
        take: |_| {
            sql("DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO crow_app', current_database()); END $$".into())
        },
    },
    Mutation {
        name: "grants_by_default",
        what: "new tables are granted to the application before they are protected",
        take: |_| sql("ALTER DEFAULT PRIVILEGES FOR ROLE crow_owner GRANT ALL ON TABLES TO crow_app".into()),
    },
    Mutation {
        name: "tenant_by_default",
        what: "a setting of the database gives every session a tenant",
        take: |_| {
            sql("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET app.current_tenant = %L', current_database(), gen_random_uuid()); END $$".into())
        },
    },
    Mutation {
        name: "above_the_policies",
        what: "the application's role has BYPASSRLS",
        take: |_| Ok(Taken { role: Some("BYPASSRLS"), ..Taken::default() }),
    },
    Mutation {
        name: "member_of_the_admin",
        what: "the application's role can become the admin's",
        take: |_| Ok(Taken { role: Some("IN ROLE crow_admin"), ..Taken::default() }),
    },
];

fn sql(sql: String) -> Result<Taken, String> {
    Ok(Taken { sql, role: None })
}

/// Both policies again, with other conditions.
fn policies(t: &Shape, using: &str, check: &str) -> Result<Taken, String> {
    let policy = |name, kind| {
        format!(
            "DROP POLICY {name} ON {table}; CREATE POLICY {name} ON {table} AS {kind} USING ({using}) WITH CHECK ({check}); ",
            table = t.table
        )
    };
    sql(policy("tenant_access", "PERMISSIVE") + &policy("tenant_isolation", "RESTRICTIVE"))
}

fn parent(t: &Shape) -> Result<&Reference, String> {
    t.parents.first().ok_or_else(|| "refers to no tenant table".into())
}

fn each_partition(t: &Shape, statement: &str) -> Result<Taken, String> {
    match t.partitions.is_empty() {
        true => Err("no partitions".into()),
        false => {
            let each: Vec<_> = t.partitions.iter().map(|name| statement.replace("{}", name)).collect();
            sql(each.join("; "))
        }
    }
}

/// The tenant's scope, where this condition says that there is one.
fn current_tenant(condition: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION crow.current_tenant() RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN
           RETURN CASE WHEN {condition} THEN pg_catalog.right(pg_catalog.current_setting('crow.scope', true), 36)::uuid END;
         END $$"
    )
}

/// A name in the schema of the table.
fn beside(t: &Shape) -> String {
    format!("{}.leaky", t.schema)
}

fn list(columns: Vec<&String>) -> String {
    columns.into_iter().map(|column| identifier(column)).collect::<Vec<_>>().join(", ")
}
