//! A database for one test.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{sleep, timeout};

use crate::keep::Keep;
use crate::session::Session;
use crate::test_db::harden;
use crate::{Error, Server, name};

/// How long the end of a test waits for a server that no longer answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// A database that is dropped from the server when this value is.
///
/// With `CROW_KEEP=1` it stays if its test fails, and its URL is printed. So does every one with `CROW_KEEP=all`.
/// A server that crow has started stays up for an hour then, or as long as `CROW_PG_LINGER` says.
///
/// Its test has failed if [`test`](crate::test) says so, or if the value is dropped by a panic. A test of another kind
/// that returns an error looks like one that ended well.
pub struct Database {
    server: Server,
    name: String,
    fate: Fate,
    keep: Keep,
    failed: AtomicBool,
}

/// What happens to the database at the end of the value.
#[derive(Clone, Copy)]
pub(crate) enum Fate {
    /// Dropped, unless it is to be kept.
    Test,
    /// Dropped: a template that is not finished is of no use to anybody.
    Draft,
    /// Left alone: it is a template, or somebody else's.
    Released,
}

impl Database {
    /// `source` is the template with the clauses that follow it. Names are crow's own and need no quotes.
    pub(crate) async fn create(
        server: &Server,
        session: &Session<'_>,
        name: String,
        source: &str,
    ) -> Result<Self, Error> {
        // Made first: when this future is dropped while the server works, the database goes too.
        let (server, keep) = (server.clone(), Keep::read()?);
        let database = Self { server, name, fate: Fate::Test, keep, failed: AtomicBool::new(false) };
        let sql = format!("CREATE DATABASE {} TEMPLATE {source}", database.name);
        session.run("create a database", &sql).await?;
        Ok(database)
    }

    /// Its name on the server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server it is on.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// A URL that logs in to it as `role`; see [`Server::url`].
    #[must_use]
    pub fn url(&self, role: &str) -> String {
        self.server.url(role, &self.name)
    }

    /// A URL that logs in to it as the superuser; see [`Server::superuser_url`].
    #[must_use]
    pub fn superuser_url(&self) -> String {
        self.server.superuser_url(&self.name)
    }

    /// Another handle, which leaves the database alone.
    pub(crate) fn borrowed(&self) -> Self {
        let (server, name) = (self.server.clone(), self.name.clone());
        Self { server, name, fate: Fate::Released, keep: self.keep, failed: AtomicBool::new(false) }
    }

    /// Another database with the same content, at once: nobody may be connected to this one.
    ///
    /// # Errors
    ///
    /// [`Error::Statement`] if somebody is still connected after five seconds, or there is no room.
    pub async fn copy(&self) -> Result<Self, Error> {
        let session = Session::open(self.server.address()).await?;
        let source = format!("{} {}", self.name, session.copy_strategy());
        let copy = Self::create(&self.server, &session, name::fresh_database(), &source).await?;
        harden(&copy, &session).await?;
        Ok(copy)
    }

    /// Something else is to become of it than the database of a test.
    pub(crate) fn with_fate(mut self, fate: Fate) -> Self {
        self.fate = fate;
        self
    }

    /// Its test did not end well.
    pub(crate) fn test_failed(&self) {
        self.failed.store(true, Ordering::Relaxed);
        if self.keep == Keep::Nothing {
            eprintln!("CROW_KEEP=1 keeps the databases of failed tests.");
        }
    }

    fn is_kept(&self) -> bool {
        match self.keep {
            Keep::Nothing => false,
            Keep::Failed => thread::panicking() || self.failed.load(Ordering::Relaxed),
            Keep::All => true,
        }
    }

    /// Runs on a thread and a runtime of its own: the caller may be in a runtime, which must not be
    /// entered twice, outside of any, or unwinding.
    fn drop_from_server(&self) -> Result<(), String> {
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        let work = async {
            let session = Session::open(self.server.address()).await?;
            self.end_sessions(&session).await?;
            session
                .run("drop a database", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name))
                .await
        };
        match runtime.block_on(async { timeout(PATIENCE, work).await }) {
            Ok(outcome) => outcome.map(drop).map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }
}

impl Database {
    /// DROP DATABASE ends them too, but looks only every tenth of a second whether they are gone.
    async fn end_sessions(&self, session: &Session<'_>) -> Result<(), Error> {
        let sql =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", self.name);
        for _ in 0..50 {
            if session.run("end the sessions of a database", &sql).await?.is_empty() {
                break;
            }
            sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        match self.fate {
            Fate::Released => return,
            Fate::Test if self.is_kept() => {
                let (url, time) =
                    (self.server.address().url_without_password(&self.name), self.server.keep_up());
                eprintln!("crow-testkit keeps {url} {time}");
                return;
            }
            Fate::Test | Fate::Draft => {}
        }
        let outcome = thread::scope(|scope| scope.spawn(|| self.drop_from_server()).join());
        // On a throw-away server it goes with the server, which the test may have stopped on purpose.
        if let Ok(Err(reason)) = outcome
            && !self.server.is_throw_away()
        {
            eprintln!("crow-testkit could not drop the database {}: {reason}", self.name);
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({} on {:?})", self.name, self.server)
    }
}
