//! Installing: again, in pieces, beside what is there already, and by those who are no superuser.

use crow_core::schema::{install_statements, uninstall_statements};
use crow_testkit::{Server, ServerOptions};
use std::collections::BTreeSet;

use libtest_mimic::Trial;

use crate::session::{Refused, Session};
use crate::snapshot::Snapshot;
use crate::world::HOSTILE_SCHEMA;
use crate::{Fallible, trial};

pub(crate) const PROTECTED_TABLE: &str = "
    CREATE TABLE public.t (tenant_id uuid NOT NULL, id uuid, PRIMARY KEY (tenant_id, id));
    SELECT crow.protect('public.t')";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("install::uninstalling leaves the catalog as it was, roles and all", reversible),
        trial("install::twice is once", idempotent),
        trial("install::a transaction that is rolled back leaves nothing", rolled_back),
        trial("install::a failure at any statement can be taken up again", taken_up_again),
        trial("install::a hostile search_path of the installer changes nothing", hostile_search_path),
        trial("install::a schema crow of somebody else's is refused by name", squatted),
        trial("install::the roles' attributes are mended", attributes_mended),
        trial("install::the tenant's domain is mended, and left alone where it is right", domain_mended),
        trial("install::an owner with CREATEROLE installs, protects and uninstalls", plain_owner),
    ]
}

/// A server with nothing on it: what is tested here are its roles.
pub(crate) fn server() -> Fallible<Server> {
    Ok(Server::private(ServerOptions::default())?)
}

pub(crate) async fn superuser(server: &Server, database: &str) -> Fallible<Session> {
    Session::open(&server.superuser_url(database)).await
}

pub(crate) async fn install(session: &Session) -> Result<(), Refused> {
    session.run_each(install_statements()).await
}

pub(crate) async fn uninstall(session: &Session) -> Result<(), Refused> {
    session.run_each(uninstall_statements()).await
}

/// Fails unless the statement was refused in these words, or in words that begin with them.
pub(crate) fn expect_refusal<T>(answer: Result<T, Refused>, words: &str) -> Fallible {
    match answer {
        Err(refused) if refused.to_string().starts_with(words) => Ok(()),
        Err(refused) => Err(format!("refused otherwise: {refused}").into()),
        Ok(_) => Err(format!("not refused: {words}").into()),
    }
}

async fn reversible() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    let before = Snapshot::take(&session).await?;
    install(&session).await?;
    let distance = before.distance(&Snapshot::take(&session).await?);
    assert!(distance > 50, "the installation changed next to nothing: {distance} objects");
    for _ in 0..2 {
        uninstall(&session).await?;
        before.expect_same(&Snapshot::take(&session).await?)?;
    }
    Ok(())
}

async fn idempotent() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    install(&session).await?;
    session.run(PROTECTED_TABLE).await?;
    let once = Snapshot::take(&session).await?;
    install(&session).await?;
    once.expect_same(&Snapshot::take(&session).await?)
}

async fn rolled_back() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    let before = Snapshot::take(&session).await?;
    session.run("BEGIN").await?;
    install(&session).await?;
    session.run("ROLLBACK").await?;
    before.expect_same(&Snapshot::take(&session).await?)
}

async fn taken_up_again() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    install(&session).await?;
    let whole = Snapshot::take(&session).await?;
    for count in 1..install_statements().count() {
        uninstall(&session).await?;
        session.run_each(install_statements().take(count)).await?;
        install(&session).await?;
        let resumed = Snapshot::take(&session).await?;
        whole.expect_same(&resumed).map_err(|error| format!("after {count} statements: {error}"))?;
    }
    Ok(())
}

/// The same steps with and without the path: what reaches the hostile schema fails, or leaves another catalog.
async fn hostile_search_path() -> Fallible {
    let mut outcomes = Vec::new();
    for path in ["\"$user\", public", "hostile, pg_catalog, public"] {
        let server = server()?;
        let session = superuser(&server, "postgres").await?;
        session.run(HOSTILE_SCHEMA).await?;
        session.run(MORE_HOSTILITY).await?;
        let before = Snapshot::take(&session).await?;
        let set_path = format!("SET search_path = {path}");
        session.run(&set_path).await?;
        install(&session).await?;
        assert_eq!(session.run("SHOW search_path").await?, [path]);
        session
            .run(
                "RESET search_path; CREATE TABLE public.t (tenant_id uuid NOT NULL, PRIMARY KEY (tenant_id))",
            )
            .await?;
        session.run(&set_path).await?;
        session.run("SELECT crow.protect('public.t')").await?;
        session.run("RESET search_path").await?;
        outcomes.push(Snapshot::take(&session).await?.without("oid of policy"));

        session.run(&set_path).await?;
        session.run("SELECT crow.unprotect('public.t'); DROP TABLE public.t").await?;
        uninstall(&session).await?;
        session.run("RESET search_path").await?;
        before.expect_same(&Snapshot::take(&session).await?)?;
    }
    outcomes[0].expect_same(&outcomes[1])
}

/// What an installation calls, beside what policies and functions call.
const MORE_HOSTILITY: &str = "
    CREATE FUNCTION hostile.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS 'SELECT 1/0 || $1';
    CREATE FUNCTION hostile.format(text, text) RETURNS text LANGUAGE sql AS 'SELECT (1/0)::text';
    CREATE FUNCTION hostile.format(text, name) RETURNS text LANGUAGE sql AS 'SELECT (1/0)::text';
    CREATE FUNCTION hostile.pg_has_role(name, text, text) RETURNS boolean LANGUAGE sql AS 'SELECT 1/0 = 1';
    CREATE VIEW hostile.pg_roles AS SELECT 1/0 AS rolname;
    CREATE VIEW hostile.pg_proc AS SELECT 1/0 AS oid";

async fn squatted() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    session.run("CREATE ROLE squatter; CREATE SCHEMA crow AUTHORIZATION squatter").await?;
    let taken = "42P06: schema crow is taken: schema crow, which belongs to squatter";
    expect_refusal(install(&session).await, taken)?;

    session
        .run(
            "ALTER SCHEMA crow OWNER TO postgres;
             CREATE FUNCTION crow.current_tenant() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid';
             ALTER FUNCTION crow.current_tenant() OWNER TO squatter",
        )
        .await?;
    let taken = "42P06: schema crow is taken: function crow.current_tenant(), which belongs to squatter";
    expect_refusal(install(&session).await, taken)?;

    session
        .run(
            "DROP FUNCTION crow.current_tenant(); CREATE TABLE crow.access_log (i int);
             ALTER TABLE crow.access_log OWNER TO squatter",
        )
        .await?;
    let taken = "42P06: schema crow is taken: relation crow.access_log, which belongs to squatter";
    expect_refusal(install(&session).await, taken)?;

    session
        .run(
            "DROP TABLE crow.access_log; CREATE DOMAIN crow.tenant AS uuid;
             ALTER DOMAIN crow.tenant OWNER TO squatter",
        )
        .await?;
    let taken = "42P06: schema crow is taken: type crow.tenant, which belongs to squatter";
    expect_refusal(install(&session).await, taken)
}

async fn attributes_mended() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    install(&session).await?;
    let right = Snapshot::take(&session).await?;
    for role in ["crow_owner", "crow_migrator", "crow_app", "crow_admin", "crow_open"] {
        let spoilt = "SUPERUSER CREATEROLE CREATEDB REPLICATION NOINHERIT NOLOGIN";
        session.run(&format!("ALTER ROLE {role} {spoilt}")).await?;
    }
    install(&session).await?;
    right.expect_same(&Snapshot::take(&session).await?)
}

/// Sessions that know the domain would fail if it were made anew.
async fn domain_mended() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    install(&session).await?;
    let right = Snapshot::take(&session).await?;
    let number = "SELECT 'crow.tenant'::regtype::oid";
    let first = session.run(number).await?;
    install(&session).await?;
    assert_eq!(session.run(number).await?, first);
    for spoilt in [
        "DROP CONSTRAINT enters",
        "ADD CONSTRAINT another CHECK (VALUE <> gen_random_uuid())",
        "SET NOT NULL",
        "SET DEFAULT gen_random_uuid()",
        "RENAME TO tenants",
    ] {
        session.run(&format!("ALTER DOMAIN crow.tenant {spoilt}")).await?;
        install(&session).await?;
        if spoilt.starts_with("RENAME") {
            session.run("DROP DOMAIN crow.tenants").await?;
        }
        right.expect_same(&Snapshot::take(&session).await?).map_err(|error| format!("{spoilt}: {error}"))?;
    }
    Ok(())
}

async fn plain_owner() -> Fallible {
    let server = server()?;
    let root = superuser(&server, "postgres").await?;
    root.run("CREATE ROLE landlord LOGIN CREATEROLE CREATEDB").await?;
    root.run("CREATE DATABASE shop OWNER landlord").await?;
    let observer = superuser(&server, "shop").await?;
    let before = Snapshot::take(&observer).await?;

    let landlord = Session::open(&server.url("landlord", "shop")).await?;
    install(&landlord).await?;
    let notices = landlord.notices();
    let left_open = |notice: &&String| notice.contains("left to PUBLIC") && notice.contains("set_config");
    assert_eq!(notices.iter().filter(left_open).count(), 1, "{notices:#?}");
    assert_eq!(notices.iter().filter(|notice| notice.contains("BYPASSRLS")).count(), 2, "{notices:#?}");
    let once = Snapshot::take(&observer).await?;
    install(&landlord).await?;
    once.expect_same(&Snapshot::take(&observer).await?)?;

    landlord.run(PROTECTED_TABLE).await?;
    let app = Session::open(&server.url("crow_app", "shop")).await?;
    app.run(
        "BEGIN; SELECT crow.enter('aaaaaaaa-0000-4000-8000-00000000000a');
         INSERT INTO t (id) VALUES (gen_random_uuid()); COMMIT",
    )
    .await?;
    let no_tenant = "42501 crow.no_tenant: no tenant in this transaction";
    expect_refusal(app.run("SELECT FROM t").await, no_tenant)?;
    expect_refusal(app.run("CREATE TEMP TABLE x (i int)").await, "42501")?;
    // Only a superuser can give it BYPASSRLS.
    let admin = Session::open(&server.url("crow_admin", "shop")).await?;
    expect_refusal(admin.run("SELECT FROM t").await, no_tenant)?;
    let found = crate::audit::found(&server.url("crow_app", "shop"), &["t"], &[]).await?;
    let rules: BTreeSet<_> = found.iter().map(|finding| &*finding.rule).collect();
    assert_eq!(rules, BTreeSet::from(["B10", "B11", "S6"]), "{found:#?}");

    landlord.run("SELECT crow.unprotect('t'); DROP TABLE t").await?;
    uninstall(&landlord).await?;
    before.expect_same(&Snapshot::take(&observer).await?)
}
