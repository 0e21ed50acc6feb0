//! An older crow schema, in use, and what becomes of it when the present one is installed over it.

use crow_core::schema::CrowMigrations;
use diesel_migrations::MigrationHarness;
use libtest_mimic::Trial;

use crate::install::{expect_refusal, install, server, superuser, uninstall};
use crate::migration::harness;
use crate::session::Session;
use crate::snapshot::Snapshot;
use crate::{Fallible, trial, world};

/// The first text of version 1, of 23 November 2026.
const FIRST: &str = include_str!("older/2026-11-23.sql");

const TABLES: &str = "
    CREATE TABLE doc (tenant_id uuid NOT NULL, id uuid, body text, PRIMARY KEY (tenant_id, id));
    CREATE TABLE event (tenant_id uuid NOT NULL, id uuid, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
    CREATE TABLE event_0 PARTITION OF event FOR VALUES WITH (MODULUS 1, REMAINDER 0);
    SELECT crow.protect('doc'), crow.protect('event')";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("upgrade::the first text, with tables and data, becomes what a new database has", first),
        trial("upgrade::by an owner who is no superuser", by_an_owner),
        trial("upgrade::by diesel's harness, which has run version 1", by_diesel),
    ]
}

async fn first() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    let before = Snapshot::take(&session).await?;
    session.run_each(FIRST.split("\n\n")).await?;
    session.run(TABLES).await?;
    let rows =
        "INSERT INTO doc VALUES ('{a}', gen_random_uuid(), 'of A'), ('{b}', gen_random_uuid(), 'SECRET-B');
        INSERT INTO event SELECT tenant_id, id FROM doc";
    session.run(&world::fill_in(rows, &[])).await?;
    let admin = Session::open(&server.url("crow_admin", "postgres")).await?;
    admin.run("SELECT crow.record_access('Ada', 'ticket 1', 'read', NULL)").await?;
    let app = Session::open(&server.url("crow_app", "postgres")).await?;
    let read = "SELECT body FROM doc UNION ALL SELECT 'event' FROM event";
    let enter = world::fill_in("BEGIN; SELECT crow.enter('{a}')", &[]);
    app.run(&enter).await?;
    assert_eq!(app.run(read).await?, ["of A", "event"]);

    install(&session).await?;

    // A transaction from before goes on as the same tenant or not at all.
    match app.run(read).await {
        Ok(rows) => assert_eq!(rows, ["of A", "event"]),
        refused => expect_refusal(refused, "42501 crow.no_tenant: ")?,
    }
    app.run("ROLLBACK").await?;
    app.run(&enter).await?;
    assert_eq!(app.run(read).await?, ["of A", "event"]);
    app.run("COMMIT").await?;
    expect_refusal(app.run(read).await, "42501 crow.no_tenant: ")?;
    let log = "SELECT actor, reason, client IS NULL, expires IS NULL FROM crow.access_log ORDER BY id";
    assert_eq!(session.run(log).await?, ["Ada|ticket 1|t|t"]);
    admin.run("SELECT crow.record_access('Ada', 'ticket 2', 'read', NULL, NULL)").await?;
    assert_eq!(admin.run("SELECT count(*) FROM doc").await?, ["2"]);
    let findings = crate::audit::found(&server.url("crow_app", "postgres"), &["doc", "event"], &[]).await?;
    assert!(findings.is_empty(), "{findings:#?}");

    // On the same server, since the roles are its.
    session.run("CREATE DATABASE fresh").await?;
    let fresh = superuser(&server, "fresh").await?;
    install(&fresh).await?;
    fresh.run(TABLES).await?;
    let (fresh, upgraded) = (Snapshot::take(&fresh).await?, Snapshot::take(&session).await?);
    let comparable = |snapshot: Snapshot| snapshot.without("oid of policy").without("database");
    comparable(fresh).expect_same(&comparable(upgraded.clone()))?;

    session.run("SELECT crow.protect('doc'), crow.protect('event')").await?;
    install(&session).await?;
    upgraded.expect_same(&Snapshot::take(&session).await?)?;
    session.run("DROP DATABASE fresh (FORCE)").await?;
    session.run("SELECT crow.unprotect('doc'), crow.unprotect('event')").await?;
    session.run("DROP TABLE doc, event").await?;
    uninstall(&session).await?;
    before.expect_same(&Snapshot::take(&session).await?)
}

async fn by_an_owner() -> Fallible {
    let server = server()?;
    let root = superuser(&server, "postgres").await?;
    root.run("CREATE ROLE landlord LOGIN CREATEROLE CREATEDB").await?;
    root.run("CREATE DATABASE shop OWNER landlord").await?;
    let landlord = Session::open(&server.url("landlord", "shop")).await?;
    landlord.run_each(FIRST.split("\n\n")).await?;
    landlord.run(TABLES).await?;
    install(&landlord).await?;
    let once = Snapshot::take(&landlord).await?;
    install(&landlord).await?;
    once.expect_same(&Snapshot::take(&landlord).await?)?;
    landlord.run("SELECT crow.protect('doc'), crow.unprotect('doc'), crow.unprotect('event')").await?;
    landlord.run("DROP TABLE doc, event").await?;
    Ok(uninstall(&landlord).await?)
}

async fn by_diesel() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    session.run_each(FIRST.split("\n\n")).await?;
    let root = server.superuser_url("postgres");
    harness(&root, |diesel| diesel.has_pending_migration(CrowMigrations)).await?;
    session.run("INSERT INTO __diesel_schema_migrations (version) VALUES ('00000000000001')").await?;
    assert_eq!(session.run("SELECT crow.version()").await?, ["1"]);

    let run = |url: String| async move {
        harness(&url, |diesel| {
            let run = diesel.run_pending_migrations(CrowMigrations)?;
            Ok(run.iter().map(ToString::to_string).collect::<Vec<_>>())
        })
        .await
    };
    assert_eq!(run(root.clone()).await?, ["00000000000002", "00000000000003"]);
    assert_eq!(session.run("SELECT crow.version()").await?, ["3"]);
    assert_eq!(run(root).await?, [""; 0]);
    Ok(())
}
