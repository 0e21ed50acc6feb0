//! Uninstalling: it refuses rather than break what depends on crow, and gives back what was taken and nothing else.

use libtest_mimic::Trial;

use crate::install::{PROTECTED_TABLE, expect_refusal, install, server, superuser, uninstall};
use crate::session::Session;
use crate::snapshot::Snapshot;
use crate::{Fallible, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("uninstall::is refused while tables are protected, and names them", protected_tables),
        trial("uninstall::is refused while a column's default calls crow", column_default),
        trial("uninstall::is refused while a view calls crow", view),
        trial("uninstall::is refused to who cannot give back what was taken", another_role),
        trial("uninstall::leaves roles that another database uses", roles_in_use),
        trial("uninstall::leaves revoked what was revoked before", revoked_before),
        trial("uninstall::gives PUBLIC its right to create in schema public back", open_schema),
    ]
}

async fn protected_tables() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    let before = Snapshot::take(&session).await?;
    install(&session).await?;
    session.run(PROTECTED_TABLE).await?;
    session
        .run(
            r#"CREATE SCHEMA "S x"; CREATE TABLE "S x".u (tenant_id uuid NOT NULL, PRIMARY KEY (tenant_id));
               SELECT crow.protect('"S x".u')"#,
        )
        .await?;
    let protected = Snapshot::take(&session).await?;
    let refusal = r#"2BP01: crow still protects these tables: "S x".u, public.t"#;
    expect_refusal(uninstall(&session).await, refusal)?;
    protected.expect_same(&Snapshot::take(&session).await?)?;

    session.run(r#"SELECT crow.unprotect('t'), crow.unprotect('"S x".u')"#).await?;
    uninstall(&session).await?;
    session.run(r#"DROP TABLE t, "S x".u; DROP SCHEMA "S x""#).await?;
    before.expect_same(&Snapshot::take(&session).await?)
}

async fn column_default() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    install(&session).await?;
    session.run("CREATE TABLE d (u uuid DEFAULT crow.current_tenant())").await?;
    expect_refusal(uninstall(&session).await, "2BP01: crow still protects these tables: public.d")
}

/// Not CASCADE, which would take the view along.
async fn view() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    install(&session).await?;
    session.run("CREATE VIEW mine AS SELECT crow.current_tenant() AS tenant").await?;
    expect_refusal(uninstall(&session).await, "2BP01: ")?;
    session.run("SELECT crow.version(); DROP VIEW mine").await?;
    Ok(uninstall(&session).await?)
}

async fn another_role() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    install(&session).await?;
    let before = Snapshot::take(&session).await?;
    let migrator = Session::open(&server.url("crow_migrator", "postgres")).await?;
    expect_refusal(uninstall(&migrator).await, "42501: crow_migrator cannot give ")?;
    before.expect_same(&Snapshot::take(&session).await?)
}

async fn roles_in_use() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    session.run("CREATE DATABASE other").await?;
    let other = superuser(&server, "other").await?;
    install(&session).await?;
    install(&other).await?;

    uninstall(&session).await?;
    let notices = session.notices();
    assert_eq!(notices.iter().filter(|notice| notice.contains(" stays: ")).count(), 5, "{notices:#?}");
    other.run(PROTECTED_TABLE).await?;
    other.run("SELECT crow.unprotect('t')").await?;
    uninstall(&other).await?;
    assert!(session.run("SELECT rolname FROM pg_roles WHERE rolname ~ '^crow_'").await?.is_empty());
    Ok(())
}

async fn revoked_before() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    session.run("REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC").await?;
    session.run("REVOKE EXECUTE ON FUNCTION lo_creat(int) FROM PUBLIC").await?;
    let before = Snapshot::take(&session).await?;
    install(&session).await?;
    uninstall(&session).await?;
    before.expect_same(&Snapshot::take(&session).await?)
}

/// As on servers that were upgraded from 14.
async fn open_schema() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    session.run("GRANT CREATE ON SCHEMA public TO PUBLIC").await?;
    let before = Snapshot::take(&session).await?;
    install(&session).await?;
    assert_eq!(session.run("SELECT has_schema_privilege('crow_app', 'public', 'CREATE')").await?, ["f"]);
    uninstall(&session).await?;
    before.expect_same(&Snapshot::take(&session).await?)
}
