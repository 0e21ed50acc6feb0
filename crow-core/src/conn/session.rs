//! One connection of a pool, and what is known of its state.

use std::collections::HashSet;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use diesel::result::ConnectionError;
use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio::sync::RwLock;
use tokio_postgres::NoTls;

use crate::error::Error;

pub(super) type Pool = managed::Pool<Manager>;
pub(super) type Pooled = managed::Object<Manager>;

/// A connection that knows whether work on it has come to its end.
pub(super) struct Session {
    conn: AsyncPgConnection,
    work: Arc<Work>,
    /// Names of the types that the driver has looked up on this connection.
    known_types: Mutex<HashSet<String>>,
    /// Shared by flights whose messages leave in order, held alone by one whose messages may not.
    pub(super) turn: RwLock<()>,
}

impl Deref for Session {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.conn
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        &mut self.conn
    }
}

impl Session {
    /// Marks the connection until the returned mark is told that the work came to its end.
    pub(super) fn begin(&self) -> Result<Unfinished, Error> {
        if self.work.interrupted.load(Ordering::Acquire) {
            return Err(Error::Connection(
                "an earlier statement or transaction of this scope was dropped before it came to its end, \
                 or lost the server, and its connection will be closed: let statements finish, or end the scope"
                    .into(),
            ));
        }
        self.work.open.fetch_add(1, Ordering::AcqRel);
        Ok(Unfinished { work: Arc::clone(&self.work), ended: false })
    }

    /// Whether everything that began on this connection has come to its end.
    pub(super) fn is_idle(&self) -> bool {
        self.work.open.load(Ordering::Acquire) == 0 && !self.work.interrupted.load(Ordering::Acquire)
    }
}

impl Session {
    /// Whether the driver can send a statement with these types without asking the server first.
    pub(super) fn knows(&self, types: &HashSet<String>) -> bool {
        types.is_empty() || types.is_subset(&self.known_types.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn learn(&self, types: HashSet<String>) {
        if !types.is_empty() {
            self.known_types.lock().unwrap_or_else(PoisonError::into_inner).extend(types);
        }
    }
}

/// Counts rather than flags, so that a future that is forgotten and never dropped still leaves
/// its connection marked.
#[derive(Default)]
struct Work {
    open: AtomicUsize,
    interrupted: AtomicBool,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("idle", &self.is_idle()).finish_non_exhaustive()
    }
}

/// Work that has begun on a connection. Dropping it unfinished marks the connection for good.
#[must_use]
pub(super) struct Unfinished {
    work: Arc<Work>,
    ended: bool,
}

impl Unfinished {
    pub(super) fn end(mut self) {
        self.ended = true;
        self.work.open.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.ended {
            self.work.interrupted.store(true, Ordering::Release);
        }
    }
}

/// Undoes what SQL of the user's own may have left in a session.
///
/// All that DISCARD ALL does but forget the prepared statements, of which the driver keeps count.
/// With a PREPARE in SQL somebody may have put another statement under a name of the driver's, so
/// that fails, and the connection is closed. The time zone is the one that diesel-async sets.
pub(super) const RESET: &str = "ROLLBACK; CLOSE ALL; UNLISTEN *; SELECT pg_catalog.pg_advisory_unlock_all(); \
    RESET SESSION AUTHORIZATION; RESET ALL; SET TIME ZONE 'UTC'; DISCARD TEMP; DISCARD SEQUENCES; \
    DO $$ BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql) \
    THEN RAISE 'statements that SQL prepared are left'; END IF; END $$;";

/// Opens connections for a pool and looks at them before they are handed out again.
pub(super) struct Manager {
    config: tokio_postgres::Config,
    /// What runs on a connection when it is new, and before it is handed out again; may be empty.
    prepare: String,
}

impl Manager {
    pub(super) fn new(url: &str, application: &str, prepare: String) -> Result<Self, Error> {
        let mut config = tokio_postgres::Config::from_str(url).map_err(|_| {
            // The parser's own message quotes the text, and the text has the password.
            Error::Connection(
                "the connection URL cannot be read: write postgresql://user:password@host:port/database, \
                 with special characters in the password percent-encoded"
                    .into(),
            )
        })?;
        if config.get_application_name().is_none() {
            config.application_name(application);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(10));
        }
        Ok(Self { config, prepare })
    }
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager")
            .field("hosts", &self.config.get_hosts())
            .field("user", &self.config.get_user())
            .field("database", &self.config.get_dbname())
            .finish_non_exhaustive()
    }
}

impl managed::Manager for Manager {
    type Type = Session;
    type Error = Error;

    async fn create(&self) -> Result<Session, Error> {
        let (client, connection) =
            self.config.connect(NoTls).await.map_err(|error| self.unreachable(&error))?;
        let mut conn = AsyncPgConnection::try_from_client_and_connection(client, connection)
            .await
            .map_err(setup_failed)?;
        self.prepare(&mut conn).await?;
        Ok(Session { conn, work: Arc::default(), known_types: Mutex::default(), turn: RwLock::default() })
    }

    /// Looks, and asks the server nothing unless the pool has something to prepare: a scope gives
    /// back only connections that are idle.
    async fn recycle(&self, session: &mut Session, _: &Metrics) -> RecycleResult<Error> {
        if !session.is_idle() {
            return Err(RecycleError::message("work on this connection did not come to its end"));
        }
        if session.conn.is_broken() {
            return Err(RecycleError::message("the connection is closed or in a transaction"));
        }
        self.prepare(&mut session.conn).await.map_err(RecycleError::Backend)
    }
}

impl Manager {
    async fn prepare(&self, conn: &mut AsyncPgConnection) -> Result<(), Error> {
        if !self.prepare.is_empty() {
            conn.batch_execute(&self.prepare).await?;
        }
        Ok(())
    }

    fn unreachable(&self, error: &tokio_postgres::Error) -> Error {
        let user = self.config.get_user().unwrap_or("(default user)");
        let database = self.config.get_dbname().unwrap_or(user);
        let cause = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source())
            .map(ToString::to_string)
            .reduce(|all, cause| if all.contains(&cause) { all } else { format!("{all}: {cause}") })
            .unwrap_or_default();
        let cure = match error.code().map(|code| code.code()) {
            Some("28P01" | "28000") => "check the user and password of the URL and the server's pg_hba.conf",
            Some("3D000") => "create the database, or correct its name in the URL",
            Some("53300") => "raise the server's max_connections or lower the pool's max_size",
            Some("57P03") => "the server is starting or stopping: try again",
            Some(_) => "see the server's log",
            None => "check that the server runs and that host and port of the URL are right",
        };
        Error::Connection(format!("cannot connect to database {database} as {user} ({cause}): {cure}"))
    }
}

fn setup_failed(error: ConnectionError) -> Error {
    match error {
        ConnectionError::CouldntSetupConfiguration(error) => error.into(),
        other => Error::Connection(format!("cannot set up a connection: {other}")),
    }
}

/// A connection of the pool.
pub(super) async fn checkout(pool: &Pool) -> Result<Pooled, Error> {
    use deadpool::managed::{PoolError, TimeoutType};
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => error,
        PoolError::Timeout(TimeoutType::Wait) => Error::PoolTimeout,
        PoolError::Timeout(_) => Error::Connection(
            "the server did not answer in time: check that it runs and is not overloaded".into(),
        ),
        PoolError::Closed => Error::Connection("the pool is closed".into()),
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            Error::Connection(format!("the pool cannot be used: {error}"))
        }
    })
}
