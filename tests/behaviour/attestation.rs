//! A pool opens on a database that keeps tenants apart, and on no other.

use crow_core::{Error, Finding, Severity, TenantPool};
use crow_testkit::{Server, TestDb};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};

use crate::shop::{Outcome, Shops, database, raw_texts, superuser, texts};

async fn findings(url: String) -> Outcome<Vec<Finding>> {
    match TenantPool::builder(url).connect().await {
        Ok(_) => Ok(Vec::new()),
        Err(Error::Unsafe(findings)) => Ok(findings),
        Err(other) => Err(other.into()),
    }
}

async fn findings_after(sql: &str) -> Outcome<Vec<Finding>> {
    let db = database().await?;
    superuser(&db).await?.batch_execute(sql).await?;
    findings(db.tenant_url()).await
}

#[tokio::test]
async fn nothing_is_found_in_a_database_that_is_as_it_should_be() -> Outcome {
    let db = database().await?;
    assert_eq!(findings(db.tenant_url()).await?, []);
    Ok(())
}

/// What breaks a database, the rule that sees it, and what it is about.
const BROKEN: &[(&str, &str, &str)] = &[
    ("DROP FUNCTION crow.version()", "S1", "schema crow"),
    ("CREATE OR REPLACE FUNCTION crow.version() RETURNS int LANGUAGE sql RETURN 99", "S1", "schema crow"),
    ("REVOKE EXECUTE ON FUNCTION crow.enter(uuid) FROM crow_app", "S2", "crow.enter(uuid)"),
    ("REVOKE USAGE ON SCHEMA crow FROM crow_app", "S2", "crow.enter(uuid)"),
    ("DROP TABLE jobs", "S3", "model table \"jobs\""),
    ("ALTER TABLE jobs RENAME TO tasks; CREATE VIEW jobs WITH (security_invoker) AS SELECT * FROM tasks", "S3", "model table \"jobs\""),
    ("ALTER TABLE makes RENAME TO brands", "S4", "model table \"makes\""),
    ("ALTER TABLE makes ADD tenant_id uuid", "S4", "model table \"makes\""),
    ("GRANT INSERT ON makes TO crow_app", "S4", "model table \"makes\""),
    ("GRANT UPDATE (country) ON makes TO PUBLIC", "S4", "model table \"makes\""),
    ("GRANT DELETE ON makes TO PUBLIC", "S4", "model table \"makes\""),
    ("ALTER TABLE vehicles OWNER TO crow_app", "A3", "table public.vehicles"),
    ("ALTER FUNCTION crow.current_tenant() OWNER TO crow_app", "A3", "schema crow"),
    ("CREATE TABLE notes (tenant_id uuid NOT NULL); GRANT SELECT ON notes TO crow_app", "B1", "table public.notes"),
    ("CREATE TABLE notes (tenant_id uuid NOT NULL); GRANT SELECT (tenant_id) ON notes TO PUBLIC", "B1", "table public.notes"),
    ("ALTER TABLE vehicles DISABLE ROW LEVEL SECURITY", "B2", "table public.vehicles"),
    ("ALTER TABLE vehicles NO FORCE ROW LEVEL SECURITY", "B3", "table public.vehicles"),
    (
        "CREATE TABLE logs (tenant_id uuid NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
         CREATE TABLE logs_2026 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
         SELECT crow.protect('logs'); GRANT SELECT ON logs_2026 TO crow_app",
        "B4", "table public.logs_2026",
    ),
    (
        "CREATE TABLE logs (tenant_id uuid NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
         SELECT crow.protect('logs');
         CREATE TABLE logs_2026 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
         GRANT SELECT ON logs_2026 TO crow_app",
        "B1", "table public.logs_2026",
    ),
    ("DROP POLICY tenant_isolation ON vehicles", "C1", "table public.vehicles"),
    ("DROP POLICY tenant_isolation ON vehicles; CREATE POLICY tenant_isolation ON vehicles AS RESTRICTIVE USING (true)", "C1", "table public.vehicles"),
    ("CREATE POLICY open ON vehicles USING (true)", "C2", "table public.vehicles"),
    ("ALTER POLICY tenant_access ON vehicles USING (tenant_id IS NOT NULL)", "C2", "table public.vehicles"),
    ("ALTER POLICY tenant_access ON vehicles WITH CHECK (true)", "C2", "table public.vehicles"),
    ("ALTER POLICY tenant_isolation ON vehicles TO crow_app", "C1", "table public.vehicles"),
    (
        "CREATE SCHEMA other; GRANT USAGE ON SCHEMA other TO PUBLIC;
         CREATE FUNCTION other.current_tenant() RETURNS uuid LANGUAGE sql STABLE RETURN '00000000-0000-0000-0000-000000000001'::uuid;
         ALTER POLICY tenant_access ON vehicles USING (tenant_id = (SELECT other.current_tenant()))",
        "C2", "table public.vehicles",
    ),
    ("CREATE VIEW all_vehicles AS SELECT * FROM vehicles; GRANT SELECT ON all_vehicles TO crow_app", "E1", "view public.all_vehicles"),
    (
        "CREATE VIEW inner_view AS SELECT * FROM vehicles;
         CREATE VIEW outer_view WITH (security_invoker) AS SELECT * FROM inner_view; GRANT SELECT ON inner_view, outer_view TO crow_app",
        "E1", "view public.outer_view",
    ),
    ("CREATE MATERIALIZED VIEW copy AS SELECT * FROM vehicles; GRANT SELECT ON copy TO crow_app", "E2", "materialized view public.copy"),
    ("CREATE MATERIALIZED VIEW names AS SELECT model FROM vehicles; GRANT SELECT ON names TO PUBLIC", "E2", "materialized view public.names"),
    ("CREATE PROCEDURE wipe() LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM vehicles'", "E3", "procedure public.wipe()"),
];

#[tokio::test]
async fn each_way_to_break_a_database_is_seen_and_the_cure_is_told() -> Outcome {
    let mut unseen = Vec::new();
    for (sql, rule, object) in BROKEN {
        let found = findings_after(sql).await?;
        let Some(finding) = found.iter().find(|finding| finding.rule == *rule && finding.object == *object)
        else {
            unseen.push(format!("{rule} {object} after {sql}: {found:?}"));
            continue;
        };
        assert_eq!(finding.severity, Severity::Critical);
        let text = Error::Unsafe(found.clone()).to_string();
        assert!(
            text.contains(&finding.cure) && !finding.cure.is_empty() && text.contains("not safe"),
            "{text}"
        );
    }
    assert!(unseen.is_empty(), "{}", unseen.join("\n"));
    Ok(())
}

/// A function belongs to the migrator who makes it, whom no policy binds, and everybody may call it.
#[tokio::test]
async fn a_function_past_the_policies_is_refused_until_it_is_revoked_declared_or_given_away() -> Outcome {
    const ALL: [&str; 4] = ["Civic", "Corolla", "Jazz", "Yaris"];
    const CALL: &str = "SELECT model AS text FROM all_models() AS model ORDER BY model";
    let shops = Shops::open_on_one_connection().await?;
    let in_their_scope = async || shops.pool.scope(shops.theirs, async |db| raw_texts(db, CALL).await).await;
    let mut migrator = AsyncPgConnection::establish(&shops.db.owner_url()).await?;
    let mut app = AsyncPgConnection::establish(&shops.db.tenant_url()).await?;
    migrator
        .batch_execute(
            "CREATE FUNCTION all_models() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS 'SELECT model FROM vehicles'",
        )
        .await?;
    assert_eq!(texts(&mut app, CALL).await?, ALL);
    assert_eq!(in_their_scope().await?, ALL);
    let found = findings(shops.db.tenant_url()).await?;
    let [Finding { rule, object, problem, cure, .. }] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&**rule, &**object), ("E3", "function public.all_models()"));
    assert!(problem.contains("as crow_migrator"), "{problem}");

    let mends = [
        "REVOKE EXECUTE ON FUNCTION public.all_models() FROM PUBLIC, crow_app",
        "COMMENT ON FUNCTION public.all_models() IS 'crow: across tenants'",
        "ALTER FUNCTION public.all_models() OWNER TO crow_owner",
    ];
    for mend in mends {
        assert!(cure.contains(mend), "{cure}");
        migrator
            .batch_execute(
                "COMMENT ON FUNCTION all_models() IS NULL; GRANT EXECUTE ON FUNCTION all_models() TO PUBLIC",
            )
            .await?;
        assert_eq!(findings(shops.db.tenant_url()).await?, found, "before {mend}");
        migrator.batch_execute(mend).await?;
        assert_eq!(findings(shops.db.tenant_url()).await?, [], "{mend}");
    }
    assert!(texts(&mut app, CALL).await.is_err());
    assert_eq!(in_their_scope().await?, ["Corolla"]);
    Ok(())
}

/// The cure is SQL where SQL can cure: `crow.protect` mends what it is recommended for.
#[tokio::test]
async fn protecting_again_mends_what_it_is_said_to_mend() -> Outcome {
    for sql in [
        "ALTER TABLE vehicles DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE vehicles NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant_isolation ON vehicles",
        "ALTER TABLE vehicles OWNER TO crow_app",
        "ALTER POLICY tenant_access ON vehicles USING (tenant_id IS NOT NULL)",
    ] {
        let db = database().await?;
        let mut superuser = superuser(&db).await?;
        superuser.batch_execute(sql).await?;
        let found = findings(db.tenant_url()).await?;
        assert!(
            found.iter().any(|finding| finding.cure.contains("SELECT crow.protect('public.vehicles')")),
            "{found:?}"
        );
        superuser.batch_execute("SELECT crow.protect('vehicles')").await?;
        assert_eq!(findings(db.tenant_url()).await?, [], "{sql}");
    }
    Ok(())
}

#[tokio::test]
async fn a_database_without_crow_is_refused() -> Outcome {
    let template = Server::shared()?.template("empty", async |_| Ok::<_, std::io::Error>(())).await?;
    let empty = template.database().await?;
    // The roles are the server's, and another test may be the first to make them.
    database().await?;
    let found = findings(empty.url("crow_app")).await?;
    assert!(
        found.iter().any(|finding| finding.rule == "S1" && finding.cure.contains("migration")),
        "{found:?}"
    );
    Ok(())
}

#[tokio::test]
async fn the_other_roles_are_refused_each_with_its_reason() -> Outcome {
    let db = database().await?;
    let rules = async |url: String| -> Outcome<Vec<String>> {
        Ok(findings(url).await?.into_iter().map(|finding| finding.rule).collect())
    };
    assert_eq!(rules(db.database().superuser_url()).await?, ["A1"]);
    assert!(rules(db.admin_url()).await?.contains(&"A1".to_owned()));
    let migrator = rules(db.owner_url()).await?;
    assert!(migrator.contains(&"A1".to_owned()) && migrator.contains(&"A3".to_owned()), "{migrator:?}");
    assert!(rules(db.open_url()).await?.contains(&"S2".to_owned()));
    Ok(())
}

/// On a server of its own: roles belong to all databases of a server.
#[tokio::test]
async fn each_way_to_break_the_role_is_seen() -> Outcome {
    let server = Server::private(Default::default())?;
    let db = TestDb::on(&server, crow_examples::MIGRATIONS).await?;
    crate::shop::prepare(&db).await?;
    let mut superuser = superuser(&db).await?;
    superuser.batch_execute("CREATE ROLE strong LOGIN BYPASSRLS; GRANT crow_app TO strong").await?;
    for (broken, mended, rule) in [
        ("ALTER ROLE crow_app SUPERUSER", "ALTER ROLE crow_app NOSUPERUSER", "A1"),
        ("ALTER ROLE crow_app BYPASSRLS", "ALTER ROLE crow_app NOBYPASSRLS", "A1"),
        ("ALTER ROLE crow_app CREATEROLE", "ALTER ROLE crow_app NOCREATEROLE", "A1"),
        ("ALTER ROLE crow_app CREATEDB", "ALTER ROLE crow_app NOCREATEDB", "A1"),
        ("ALTER ROLE crow_app REPLICATION", "ALTER ROLE crow_app NOREPLICATION", "A1"),
        ("GRANT crow_admin TO crow_app", "REVOKE crow_admin FROM crow_app", "A2"),
        (
            "ALTER ROLE crow_app NOINHERIT; GRANT crow_admin TO crow_app",
            "ALTER ROLE crow_app INHERIT; REVOKE crow_admin FROM crow_app",
            "A2",
        ),
        ("GRANT crow_owner TO crow_app", "REVOKE crow_owner FROM crow_app", "A3"),
        ("ALTER ROLE strong SET role = 'crow_app'", "ALTER ROLE strong RESET role", "A5"),
    ] {
        superuser.batch_execute(broken).await?;
        let url = if rule == "A5" { db.database().url("strong") } else { db.tenant_url() };
        let found = findings(url).await?;
        assert!(found.iter().any(|finding| finding.rule == rule), "{broken}: {found:?}");
        superuser.batch_execute(mended).await?;
        assert_eq!(findings(db.tenant_url()).await?, [], "{mended}");
    }
    Ok(())
}
