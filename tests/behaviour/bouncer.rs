//! A PgBouncer between a test and its database.

use std::io::Write;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::{env, fs, io};

use crow_testkit::TestDb;
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio_postgres::config::Host;

use crate::shop::Outcome;

const PORT: u16 = 6432;

/// A program that can be started.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    path: PathBuf,
    version: (u32, u32),
}

impl Program {
    /// The one that is installed, and the one that `CROW_PGBOUNCER` names.
    pub(crate) async fn all() -> Outcome<Vec<Self>> {
        let mut found = Vec::new();
        if let Some(path) = env::var_os("CROW_PGBOUNCER") {
            found.push(Self::at(path.into()).await?);
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let installed = env::split_paths(&path)
            .chain(["/usr/sbin".into()])
            .map(|directory| directory.join("pgbouncer"))
            .find(|path| path.is_file());
        if let Some(path) = installed {
            found.push(Self::at(path).await?);
        }
        Ok(found)
    }

    /// Those of [`all`](Self::all) that know of prepared statements where transactions are pooled.
    pub(crate) async fn modern() -> Outcome<Vec<Self>> {
        Ok(Self::all().await?.into_iter().filter(Self::is_modern).collect())
    }

    async fn at(path: PathBuf) -> Outcome<Self> {
        let said = Command::new(&path).arg("--version").output().await?.stdout;
        let said = String::from_utf8(said)?;
        let version = said.trim_start_matches("PgBouncer ").split(['.', '\n']).map(str::parse);
        match version.take(2).collect::<Result<Vec<u32>, _>>()?[..] {
            [major, minor] => Ok(Self { path, version: (major, minor) }),
            _ => Err(format!("{} is no PgBouncer: {said}", path.display()).into()),
        }
    }

    pub(crate) fn is_modern(&self) -> bool {
        self.version >= (1, 21)
    }
}

/// Says past the harness, which hides what a test that passes prints, that there was nothing to test with.
pub(crate) fn skipped(test: &str, needs: &str) -> Outcome {
    Ok(writeln!(io::stderr(), "test {test} was SKIPPED: it needs {needs}")?)
}

/// A running one, which ends with the value.
pub(crate) struct Bouncer {
    _process: Child,
    directory: TempDir,
}

impl Bouncer {
    /// In front of the server of `db`, which it reaches by its socket.
    pub(crate) async fn start(program: &Program, db: &TestDb, settings: &str) -> Outcome<Self> {
        let url: tokio_postgres::Config = db.tenant_url().parse()?;
        let [Host::Unix(server)] = url.get_hosts() else { return Err("the server has no socket".into()) };
        let directory = tempfile::tempdir()?;
        let here = directory.path().display();
        let config = format!(
            "[databases]\n* = host={} port={}\n\
             [pgbouncer]\nlisten_addr =\nlisten_port = {PORT}\nunix_socket_dir = {here}\nauth_type = trust\n\
             auth_file = {here}/users\n{settings}\n",
            server.display(),
            url.get_ports().first().unwrap_or(&5432),
        );
        // It refuses root, and the server's directory is closed to everybody but its owner.
        let owner = fs::metadata(server)?;
        let users = "\"crow_app\" \"\"\n\"crow_admin\" \"\"\n".to_owned();
        for (file, text) in [("config", config), ("users", users)] {
            let path = directory.path().join(file);
            fs::write(&path, text)?;
            chown(&path, Some(owner.uid()), Some(owner.gid()))?;
        }
        chown(directory.path(), Some(owner.uid()), Some(owner.gid()))?;
        let mut process = Command::new(&program.path)
            .arg(directory.path().join("config"))
            .uid(owner.uid())
            .gid(owner.gid())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(directory.path().join("log"))?)
            .kill_on_drop(true)
            .spawn()?;
        let socket = directory.path().join(format!(".s.PGSQL.{PORT}"));
        while UnixStream::connect(&socket).await.is_err() {
            if process.try_wait()?.is_some() {
                return Err(fs::read_to_string(directory.path().join("log"))?.into());
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        Ok(Self { _process: process, directory })
    }

    /// A URL of the server, by way of this.
    pub(crate) fn url(&self, role: &str, db: &TestDb) -> String {
        let host = encoded(self.directory.path());
        format!("postgresql://{role}@{host}:{PORT}/{}", db.database().name())
    }
}

fn encoded(path: &Path) -> String {
    path.display().to_string().replace('/', "%2F")
}
