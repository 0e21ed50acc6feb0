//! One connection of a pool, and what is known of its state.

use std::collections::HashSet;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::PoolableConnection;
use tokio::sync::{RwLock, watch};
use tokio::task::AbortHandle;

use super::deadline::answered;
use super::limits::Limits;
use super::observe;
use crate::error::Error;

/// A connection that knows whether work on it has come to its end.
pub(super) struct Session {
    conn: AsyncPgConnection,
    /// The task that drives the connection, if it can be cut.
    driver: Option<AbortHandle>,
    /// The name of its pool.
    pool: Arc<str>,
    /// Why it is to be closed, where that cannot be seen by looking at it.
    closing: Arc<OnceLock<&'static str>>,
    work: Arc<Work>,
    /// Names of the types that the driver has looked up on this connection.
    known_types: Mutex<HashSet<String>>,
    /// Shared by flights whose messages leave in order, held alone by one whose messages may not.
    pub(super) turn: RwLock<()>,
    limits: Limits,
    _open: watch::Receiver<()>,
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
    pub(super) fn new(
        conn: AsyncPgConnection,
        driver: Option<AbortHandle>,
        pool: Arc<str>,
        limits: Limits,
        open: watch::Receiver<()>,
    ) -> Self {
        Self {
            conn,
            driver,
            pool,
            closing: Arc::default(),
            work: Arc::default(),
            known_types: Mutex::default(),
            turn: RwLock::default(),
            limits,
            _open: open,
        }
    }

    /// What cuts the connection whoever holds it.
    pub(super) fn knife(&self) -> Knife {
        Knife { driver: self.driver.clone(), closing: Arc::clone(&self.closing) }
    }

    /// Says why the connection is about to be closed; the first to say so is believed.
    pub(super) fn closing(&self, why: &'static str) {
        let _ = self.closing.set(why);
    }

    /// How long this connection may live and rest.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

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
        Ok(Unfinished { work: Arc::clone(&self.work), commits: false, ended: false })
    }

    /// Whether a COMMIT may be under way that something depends on.
    pub(super) fn is_committing(&self) -> bool {
        self.work.commits.load(Ordering::Acquire) > 0
    }

    /// Asks the server something of crow's own. Without an answer the connection stays marked.
    pub(super) async fn answer<R>(
        &self,
        question: impl AsyncFnOnce(&mut &AsyncPgConnection) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mark = self.begin()?;
        let answer = answered(question(&mut &self.conn)).await;
        if !matches!(answer, Err(Error::Connection(_))) {
            mark.end();
        }
        answer
    }

    /// Whether the connection is closed, or in a transaction.
    pub(super) fn is_broken(&mut self) -> bool {
        self.conn.is_broken()
    }

    /// Whether everything that began on this connection has come to its end.
    pub(super) fn is_idle(&self) -> bool {
        self.work.open.load(Ordering::Acquire) == 0 && !self.work.interrupted.load(Ordering::Acquire)
    }

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

impl Drop for Session {
    fn drop(&mut self) {
        let why = match self.closing.get().copied() {
            Some(why) => why,
            None if self.is_broken() => "lost",
            None if !self.is_idle() => "interrupted",
            None => "pool closed",
        };
        observe::closed(&self.pool, why);
    }
}

/// Cuts a connection whoever holds it.
pub(super) struct Knife {
    driver: Option<AbortHandle>,
    closing: Arc<OnceLock<&'static str>>,
}

impl Knife {
    pub(super) fn cut(&self, why: &'static str) {
        let _ = self.closing.set(why);
        if let Some(driver) = &self.driver {
            driver.abort();
        }
    }
}

/// Counts rather than flags, so that a future that is forgotten and never dropped still leaves
/// its connection marked.
#[derive(Default)]
struct Work {
    open: AtomicUsize,
    /// How many of them may be committed already.
    commits: AtomicUsize,
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
    commits: bool,
    ended: bool,
}

impl Unfinished {
    /// From here on the server may have committed the work before it has told so.
    pub(super) fn commits(&mut self) {
        self.work.commits.fetch_add(usize::from(!self.commits), Ordering::AcqRel);
        self.commits = true;
    }

    /// Whether the work may be committed already.
    pub(super) fn may_be_committed(&self) -> bool {
        self.commits
    }

    pub(super) fn end(mut self) {
        self.ended = true;
        self.work.commits.fetch_sub(usize::from(self.commits), Ordering::AcqRel);
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

/// A server goes on with a statement whose client has gone, and then with the COMMIT that came
/// behind it, unless it is told to look. Not every platform can.
macro_rules! settings {
    () => {
        "DO $$ BEGIN SET client_connection_check_interval = '1s'; \
         EXCEPTION WHEN invalid_parameter_value THEN NULL; END $$; "
    };
}

/// What a new session is set to.
pub(super) const SETTINGS: &str = settings!();

/// Undoes what SQL of the user's own may have left in a session.
///
/// All that DISCARD ALL does but forget the prepared statements, of which the driver keeps count.
/// With a PREPARE in SQL somebody may have put another statement under a name of the driver's, so
/// that fails, and the connection is closed. The time zone is the one that diesel-async sets.
pub(super) const RESET: &str = concat!(
    "ROLLBACK; CLOSE ALL; UNLISTEN *; SELECT pg_catalog.pg_advisory_unlock_all(); ",
    "RESET SESSION AUTHORIZATION; RESET ALL; SET TIME ZONE 'UTC'; ",
    settings!(),
    "DISCARD TEMP; DISCARD SEQUENCES; ",
    "DO $$ BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql) ",
    "THEN RAISE 'statements that SQL prepared are left'; END IF; END $$;",
);
