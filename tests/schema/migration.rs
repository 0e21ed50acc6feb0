//! `CrowMigrations` in diesel's harness, and diesel's own migrations after it.

use crow_core::schema::CrowMigrations;
use crow_examples::MIGRATIONS;
use crow_testkit::Server;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::migration::{MigrationSource, MigrationVersion};
use diesel::pg::Pg;
use diesel::sql_types::Text;
use diesel::{Connection, RunQueryDsl};
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use libtest_mimic::Trial;

use crate::install::{server, superuser};
use crate::snapshot::Snapshot;
use crate::{Fallible, trial};

type Harness = AsyncConnectionWrapper<AsyncPgConnection>;

/// What diesel calls crow's migrations.
const VERSIONS: [&str; 3] = ["00000000000001", "00000000000002", "00000000000003"];
const REVERTED: [&str; 3] = ["00000000000003", "00000000000002", "00000000000001"];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("migration::runs once, reverts, and runs again", run_and_revert),
        trial("migration::that fails leaves nothing", failed),
        trial("migration::the migrator goes on with migrations of tables", migrator),
        trial("migration::is not reverted while tables are protected, which it names", protected),
    ]
}

async fn run_and_revert() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    let root = server.superuser_url("postgres");
    // diesel makes its ledger when it is first asked, and keeps it.
    let pending = harness(&root, |diesel| diesel.has_pending_migration(CrowMigrations)).await?;
    assert!(pending);
    let before = Snapshot::take(&session).await?;

    assert_eq!(run(&root).await?, VERSIONS);
    let installed = Snapshot::take(&session).await?;
    assert_eq!(run(&root).await?, [""; 0]);
    installed.expect_same(&Snapshot::take(&session).await?)?;
    let reverted = harness(&root, |diesel| versions(diesel.revert_all_migrations(CrowMigrations)?)).await?;
    assert_eq!(reverted, REVERTED);
    before.expect_same(&Snapshot::take(&session).await?)?;
    assert_eq!(run(&root).await?, VERSIONS);
    installed.expect_same(&Snapshot::take(&session).await?)
}

async fn failed() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    let root = server.superuser_url("postgres");
    session.run("CREATE ROLE squatter; CREATE SCHEMA crow AUTHORIZATION squatter").await?;
    harness(&root, |diesel| diesel.has_pending_migration(CrowMigrations)).await?;
    let before = Snapshot::take(&session).await?;

    let error = run(&root).await.expect_err("a schema of somebody else's");
    assert!(error.to_string().contains("schema crow is taken"), "{error}");
    before.expect_same(&Snapshot::take(&session).await?)?;
    assert!(harness(&root, |diesel| diesel.has_pending_migration(CrowMigrations)).await?);
    Ok(())
}

async fn migrator() -> Fallible {
    let server = server()?;
    let root = server.superuser_url("postgres");
    let (installed, tables) = migrate(&server).await?;
    let session = superuser(&server, "postgres").await?;

    assert_eq!(tables.len(), 3);
    let owners = "SELECT DISTINCT tableowner, rowsecurity FROM pg_tables WHERE tablename IN ('vehicles', 'service_records')";
    assert_eq!(session.run(owners).await?, ["crow_owner|t"]);
    let app = server.url("crow_app", "postgres");
    let findings = crate::audit::found(&app, &["vehicles", "service_records"], &["makes"]).await?;
    assert!(findings.is_empty(), "{findings:#?}");

    let migrator = server.url("crow_migrator", "postgres");
    assert_eq!(harness(&migrator, revert_tables).await?, 3);
    installed.expect_same(&Snapshot::take(&session).await?)?;
    let reverted = harness(&root, |diesel| versions(diesel.revert_all_migrations(CrowMigrations)?)).await?;
    assert_eq!(reverted, REVERTED);
    Ok(())
}

async fn protected() -> Fallible {
    let server = server()?;
    let root = server.superuser_url("postgres");
    migrate(&server).await?;
    let session = superuser(&server, "postgres").await?;
    let before = Snapshot::take(&session).await?;

    let error = harness(&root, revert_crow).await.expect_err("tables are protected");
    let names = "crow still protects these tables: public.service_records, public.vehicles";
    assert!(error.to_string().contains(names), "{error}");
    before.expect_same(&Snapshot::take(&session).await?)
}

/// The superuser installs crow, the migrator runs what diesel finds in a directory, as in production.
async fn migrate(server: &Server) -> Fallible<(Snapshot, Vec<String>)> {
    run(&server.superuser_url("postgres")).await?;
    let installed = Snapshot::take(&superuser(server, "postgres").await?).await?;
    let tables = harness(&server.url("crow_migrator", "postgres"), |diesel| {
        versions(diesel.run_pending_migrations(FileBasedMigrations::from_path(MIGRATIONS)?)?)
    })
    .await?;
    Ok((installed, tables))
}

async fn run(url: &str) -> Fallible<Vec<String>> {
    harness(url, |diesel| versions(diesel.run_pending_migrations(CrowMigrations)?)).await
}

/// diesel blocks, so it gets a thread.
pub(crate) async fn harness<T: Send + 'static>(
    url: &str,
    work: impl FnOnce(&mut Harness) -> Fallible<T> + Send + 'static,
) -> Fallible<T> {
    let url = url.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut connection = Harness::establish(&url)?;
        connection.batch_execute("SET search_path = public")?;
        let result = work(&mut connection)?;
        let path = sql::<Text>("SHOW search_path").get_result::<String>(&mut connection)?;
        assert_eq!(path, "public", "what runs after crow's migration finds its tables");
        Ok(result)
    })
    .await?
}

fn versions(run: Vec<MigrationVersion<'_>>) -> Fallible<Vec<String>> {
    Ok(run.iter().map(ToString::to_string).collect())
}

/// One by one: in the ledger there is crow's migration too, which is not among diesel's files.
fn revert_tables(diesel: &mut Harness) -> Fallible<usize> {
    let tables = FileBasedMigrations::from_path(MIGRATIONS)?;
    let migrations = MigrationSource::<Pg>::migrations(&tables)?;
    for _ in &migrations {
        diesel.revert_last_migration(tables.clone())?;
    }
    Ok(migrations.len())
}

fn revert_crow(diesel: &mut Harness) -> Fallible {
    for migration in MigrationSource::<Pg>::migrations(&CrowMigrations)? {
        diesel.revert_migration(&migration)?;
    }
    Ok(())
}
