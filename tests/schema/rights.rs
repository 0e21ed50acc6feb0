//! What an installed database still lets everybody do who has to.

use libtest_mimic::Trial;

use crate::install::{expect_refusal, install, server, superuser};
use crate::session::Session;
use crate::world::{self, World};
use crate::{Fallible, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("rights::the migrator makes schemas and tables, the application nothing", migrator),
        trial("rights::roles for monitoring and for ending sessions keep what they are for", monitoring),
        trial("rights::the policies' function is called once a query", planned),
    ]
}

async fn migrator() -> Fallible {
    let (database, _) = World::crow().database(&world::server(false)?).await?;
    let migrator = Session::open(&database.url("crow_migrator")).await?;
    let app = Session::open(&database.url("crow_app")).await?;
    for statement in [
        "CREATE SCHEMA s",
        "CREATE TEMP TABLE x (i int)",
        "CREATE TABLE public.y (i int)",
        "CREATE EXTENSION btree_gist",
        "SELECT set_config('a.b', '', false)",
    ] {
        expect_refusal(app.run(statement).await, "42501: ")?;
        migrator.run(statement).await?;
    }
    app.run("SET TIME ZONE 'UTC'; SET CLIENT_ENCODING TO 'UTF8'").await?;
    Ok(())
}

async fn monitoring() -> Fallible {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    install(&session).await?;
    session.run("CREATE ROLE watchman LOGIN IN ROLE pg_monitor, pg_signal_backend").await?;
    let watchman = Session::open(&server.url("watchman", "postgres")).await?;
    watchman.run("SELECT query FROM pg_stat_activity; SELECT pg_terminate_backend(0)").await?;
    Ok(())
}

async fn planned() -> Fallible {
    let (database, _) = World::crow().database(&world::server(false)?).await?;
    let app = Session::open(&database.url("crow_app")).await?;
    let plan = app.run("EXPLAIN (VERBOSE) SELECT * FROM doc").await?.join("\n");
    assert_eq!(plan.matches("crow.current_tenant()").count(), 1, "{plan}");
    Ok(())
}
