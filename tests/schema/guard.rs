//! The guard: a tenant table that nobody protects does not come about.

use crow_core::schema::{TableMigrations, TenantTable, guard_statements, unguard_statements};
use diesel_migrations::MigrationHarness;
use libtest_mimic::Trial;

use crate::install::{expect_refusal, install, server, superuser, uninstall};
use crate::migration::harness;
use crate::session::Session;
use crate::snapshot::Snapshot;
use crate::{Fallible, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("guard::an unprotected tenant table is refused at COMMIT, whoever creates it", refused),
        trial("guard::what is protected in its transaction, dropped, or no tenant table passes", passes),
        trial("guard::cannot be turned against the superuser", not_a_ladder),
        trial("guard::goes without a trace, alone or with crow", removed),
    ]
}

/// A server with crow and the guard.
async fn guarded() -> Fallible<(crow_testkit::Server, Session, Session)> {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    install(&session).await?;
    session.run_each(guard_statements()).await?;
    let once = Snapshot::take(&session).await?;
    session.run_each(guard_statements()).await?;
    once.expect_same(&Snapshot::take(&session).await?)?;
    let migrator = Session::open(&server.url("crow_migrator", "postgres")).await?;
    Ok((server, session, migrator))
}

const TABLE: &str = "CREATE TABLE t (tenant_id uuid NOT NULL, id uuid, PRIMARY KEY (tenant_id, id))";

async fn refused() -> Fallible {
    let (server, superuser, migrator) = guarded().await?;
    let unguarded = async || crate::audit::unguarded(&server.url("crow_app", "postgres")).await;
    assert!(!unguarded().await?);
    superuser.run("ALTER EVENT TRIGGER crow_guard DISABLE").await?;
    assert!(unguarded().await?);
    superuser.run("ALTER EVENT TRIGGER crow_guard ENABLE").await?;
    let words = "42501 crow.unprotected: table public.t has a column tenant_id and is not protected";
    for session in [&superuser, &migrator] {
        expect_refusal(session.run(TABLE).await, words)?;
        expect_refusal(session.run(&format!("BEGIN; {TABLE}; COMMIT")).await, words)?;
        let copies = ["CREATE TABLE t AS", "SELECT * INTO t FROM (", "CREATE UNLOGGED TABLE t AS"];
        for copy in copies {
            let end = if copy.ends_with('(') { ") AS x" } else { "" };
            let statement = format!("{copy} SELECT gen_random_uuid() AS tenant_id{end}");
            expect_refusal(session.run(&statement).await, words)?;
        }
        let later = "BEGIN; CREATE TABLE t (id uuid); ALTER TABLE t ADD tenant_id uuid; COMMIT";
        expect_refusal(session.run(later).await, words)?;
        let undone = format!(
            "BEGIN; {TABLE}; SELECT crow.protect('t'); ALTER TABLE t NO FORCE ROW LEVEL SECURITY; COMMIT"
        );
        expect_refusal(session.run(&undone).await, words)?;
        let spoilt = format!(
            "BEGIN; {TABLE}; SELECT crow.protect('t'); DROP POLICY tenant_isolation ON t;
             CREATE POLICY tenant_isolation ON t AS RESTRICTIVE USING (true) WITH CHECK (true); COMMIT"
        );
        expect_refusal(session.run(&spoilt).await, words)?;
        let early = format!("BEGIN; {TABLE}; SET CONSTRAINTS ALL IMMEDIATE");
        expect_refusal(session.run(&early).await, words)?;
        session.run("ROLLBACK").await?;
        assert_eq!(session.run("SELECT count(*) FROM pg_class WHERE relname = 't'").await?, ["0"]);
    }
    migrator
        .run(&format!("BEGIN; {TABLE} PARTITION BY HASH (tenant_id); SELECT crow.protect('t'); COMMIT"))
        .await?;
    let partition = "CREATE TABLE t0 PARTITION OF t FOR VALUES WITH (MODULUS 1, REMAINDER 0)";
    expect_refusal(migrator.run(partition).await, "42501 crow.unprotected: table public.t0 ")?;
    migrator.run(&format!("BEGIN; {partition}; SELECT crow.protect('t'); COMMIT")).await?;
    Ok(())
}

async fn passes() -> Fallible {
    let (server, superuser, migrator) = guarded().await?;
    let tables = || TableMigrations::new().create("1_t", TenantTable::new("t").partition_by_tenant_hash(2));
    let url = server.url("crow_migrator", "postgres");
    let run = harness(&url, move |diesel| Ok(diesel.run_pending_migrations(tables()?)?.len())).await?;
    assert_eq!(run, 1);
    for statement in [
        "CREATE TABLE plain (id uuid)",
        "CREATE TABLE \"TENANT_ID\" (\"Tenant_Id\" uuid)",
        "CREATE TEMP TABLE scratch (tenant_id uuid)",
        "BEGIN; CREATE TABLE u (tenant_id uuid); DROP TABLE u; COMMIT",
        "BEGIN; CREATE TABLE u (tenant_id uuid, x int); ALTER TABLE u DROP tenant_id; COMMIT",
        "BEGIN; SAVEPOINT s; CREATE TABLE v (tenant_id uuid); ROLLBACK TO s; COMMIT",
        "BEGIN; CREATE TABLE w (tenant_id uuid); ROLLBACK",
    ] {
        migrator.run(statement).await?;
    }
    assert_eq!(superuser.run("SELECT count(*) FROM crow_guard.created").await?, ["0"]);
    Ok(())
}

/// It runs at each CREATE TABLE of a superuser, so nobody else may put anything in its way.
async fn not_a_ladder() -> Fallible {
    let (server, _superuser, migrator) = guarded().await?;
    for attack in [
        "CREATE OR REPLACE FUNCTION crow_guard.note() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "ALTER FUNCTION crow_guard.note() SECURITY INVOKER",
        "CREATE TRIGGER x BEFORE INSERT ON crow_guard.created FOR EACH ROW EXECUTE FUNCTION crow.touch()",
        "DROP SCHEMA crow_guard CASCADE",
        "DROP EVENT TRIGGER crow_guard",
        "ALTER EVENT TRIGGER crow_guard DISABLE",
        "INSERT INTO crow_guard.created VALUES (1)",
    ] {
        expect_refusal(migrator.run(attack).await, "42501: ")?;
    }
    let root = superuser(&server, "postgres").await?;
    root.run("CREATE ROLE landlord LOGIN CREATEROLE").await?;
    root.run("CREATE DATABASE shop OWNER landlord").await?;
    let landlord = Session::open(&server.url("landlord", "shop")).await?;
    let words = "42501: the guard needs an event trigger, and landlord is no superuser";
    expect_refusal(landlord.run_each(guard_statements()).await, words)?;
    landlord.run("CREATE SCHEMA crow_guard").await?;
    let shop = superuser(&server, "shop").await?;
    expect_refusal(
        shop.run_each(guard_statements()).await,
        "42P06: schema crow_guard is taken: it belongs to landlord",
    )
}

async fn removed() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    let before = Snapshot::take(&session).await?;
    install(&session).await?;
    let installed = Snapshot::take(&session).await?;
    for _ in 0..2 {
        session.run_each(guard_statements()).await?;
        session.run_each(unguard_statements()).await?;
        installed.expect_same(&Snapshot::take(&session).await?)?;
        session.run_each(unguard_statements()).await?;
    }
    session.run_each(guard_statements()).await?;
    uninstall(&session).await?;
    before.expect_same(&Snapshot::take(&session).await?)?;
    let triggers = session.run("SELECT count(*) FROM pg_event_trigger").await?;
    assert_eq!(triggers, ["0"]);
    Ok(())
}
