//! Several databases of one cluster that install at once: they share the roles.

use crow_testkit::Server;
use futures_util::future::try_join_all;
use libtest_mimic::Trial;

use crate::install::{install, server, superuser, uninstall};
use crate::session::Session;
use crate::{Fallible, trial};

const ROUNDS: usize = 5;
const DATABASES: [&str; 3] = ["one", "two", "three"];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("race::databases install at once, with and without a transaction", cold),
        trial("race::databases mend the roles' attributes at once", spoilt),
    ]
}

async fn cold() -> Fallible {
    let server = server()?;
    let (root, sessions) = sessions(&server).await?;
    for _ in 0..ROUNDS {
        let installs = sessions.iter().enumerate().map(async |(i, session)| {
            let in_transaction = i == 0;
            if in_transaction {
                session.run("BEGIN").await?;
            }
            install(session).await?;
            if in_transaction {
                session.run("COMMIT").await?;
            }
            Fallible::Ok(())
        });
        try_join_all(installs).await?;
        for session in &sessions {
            uninstall(session).await?;
        }
        assert!(root.run("SELECT rolname FROM pg_roles WHERE rolname ~ '^crow_'").await?.is_empty());
    }
    Ok(())
}

async fn spoilt() -> Fallible {
    let server = server()?;
    let (root, sessions) = sessions(&server).await?;
    for _ in 0..ROUNDS {
        for role in ["crow_owner", "crow_migrator", "crow_app", "crow_admin", "crow_open"] {
            let attributes = "SUPERUSER CREATEROLE CREATEDB REPLICATION NOINHERIT NOLOGIN";
            root.run(&format!("CREATE ROLE {role} {attributes}")).await?;
        }
        try_join_all(sessions.iter().map(install)).await?;
        let attributes = root
            .run(
                "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolinherit, rolcanlogin, rolbypassrls
                 FROM pg_roles WHERE rolname ~ '^crow_' ORDER BY 1",
            )
            .await?;
        let wanted = [
            "crow_admin|f|f|f|f|t|t|t",
            "crow_app|f|f|f|f|t|t|f",
            "crow_migrator|f|f|f|f|t|t|t",
            "crow_open|f|f|f|f|t|t|f",
            "crow_owner|f|f|f|f|t|f|f",
        ];
        assert_eq!(attributes, wanted);
        for session in &sessions {
            uninstall(session).await?;
        }
    }
    Ok(())
}

async fn sessions(server: &Server) -> Fallible<(Session, Vec<Session>)> {
    let root = superuser(server, "postgres").await?;
    let mut sessions = Vec::new();
    for name in DATABASES {
        root.run(&format!("CREATE DATABASE {name}")).await?;
        sessions.push(superuser(server, name).await?);
    }
    Ok((root, sessions))
}
