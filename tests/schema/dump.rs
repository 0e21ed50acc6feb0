//! Dumps, which have to hold every tenant's rows.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use libtest_mimic::{Completion, Trial};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::install::{PROTECTED_TABLE, install, server, superuser};
use crate::session::Session;
use crate::snapshot::Snapshot;
use crate::{Fallible, ignorable_trial};

pub(crate) fn trials() -> Vec<Trial> {
    let name = "dump::the migrator's is complete and can be restored, the application's is refused";
    vec![ignorable_trial(name, restored)]
}

async fn restored() -> Fallible<Completion> {
    let server = server()?;
    let session = superuser(&server, "postgres").await?;
    let Some(programs) = client_programs(&session).await? else {
        return Ok(Completion::ignored_with("pg_dump and psql are not installed beside the server"));
    };
    install(&session).await?;
    session.run(PROTECTED_TABLE).await?;
    session
        .run("INSERT INTO t SELECT gen_random_uuid(), gen_random_uuid() FROM generate_series(1, 2)")
        .await?;

    let dump = async |role| {
        let url = server.url(role, "postgres");
        Command::new(programs.join("pg_dump")).arg(url).output().await
    };
    let refused = dump("crow_app").await?;
    assert!(!refused.status.success());
    let complete = dump("crow_migrator").await?;
    assert!(complete.status.success(), "{}", String::from_utf8_lossy(&complete.stderr));

    session.run("CREATE DATABASE copy").await?;
    restore(&programs, &server.superuser_url("copy"), &complete.stdout).await?;
    let copy = superuser(&server, "copy").await?;
    install(&copy).await?;
    assert_eq!(copy.run("SELECT count(*) FROM t").await?, ["2"]);
    let (original, copy) = (Snapshot::take(&session).await?, Snapshot::take(&copy).await?);
    original.without("oid of policy").expect_same(&copy.without("oid of policy"))?;
    Ok(Completion::Completed)
}

/// Those of the server's release; another's could not dump it.
async fn client_programs(session: &Session) -> Fallible<Option<PathBuf>> {
    let directory = session.run("SELECT setting FROM pg_config WHERE name = 'BINDIR'").await?.concat();
    let directory = PathBuf::from(directory);
    let installed = ["pg_dump", "psql"].iter().all(|program| directory.join(program).exists());
    Ok(installed.then_some(directory))
}

async fn restore(programs: &Path, url: &str, dump: &[u8]) -> Fallible {
    let mut psql = Command::new(programs.join("psql"))
        .args(["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", url])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut input = psql.stdin.take().ok_or("psql has no standard input")?;
    input.write_all(dump).await?;
    drop(input);
    let status = psql.wait().await?;
    if status.success() { Ok(()) } else { Err("psql could not restore the dump".into()) }
}
