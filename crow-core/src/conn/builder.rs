//! What a pool can be told before it connects.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use diesel_async::AsyncPgConnection;

use super::limits::Limits;
use super::manager::Manager;
use super::pool::{Pool, PoolSettings};
use crate::error::Error;

/// Describes a pool of kind `P`, a [`TenantPool`](crate::TenantPool) or an
/// [`AdminPool`](crate::AdminPool).
#[derive(Clone)]
#[must_use = "a builder does nothing until it connects"]
pub struct PoolBuilder<P> {
    url: String,
    settings: PoolSettings,
    pub(super) deadline: Duration,
    _pool: PhantomData<fn() -> P>,
}

impl<P> PoolBuilder<P> {
    pub(super) fn new(url: String, max_size: usize) -> Self {
        let settings = PoolSettings {
            max_size,
            min_size: 0,
            wait_timeout: Duration::from_secs(5),
            create_timeout: Duration::from_secs(15),
            limits: Limits {
                max_lifetime: Some(Duration::from_secs(30 * 60)),
                idle_timeout: Some(Duration::from_secs(10 * 60)),
            },
        };
        Self { url, settings, deadline: Duration::from_secs(30), _pool: PhantomData }
    }

    /// The most connections the pool opens; by default 16 for tenants and 4 for admin.
    pub fn max_size(mut self, connections: usize) -> Self {
        self.settings.max_size = connections;
        self
    }

    /// How many connections are open when `connect` returns, and stay open however idle they are;
    /// by default none, though `connect` opens one to look at the database.
    ///
    /// They are opened side by side, and `connect` fails if one of them cannot be. One that is lost
    /// or reaches its maximum lifetime later is opened again when it is needed.
    pub fn min_size(mut self, connections: usize) -> Self {
        self.settings.min_size = connections;
        self
    }

    /// How long to wait for a free connection; 5 seconds by default, and with zero not at all.
    pub fn wait_timeout(mut self, wait: Duration) -> Self {
        self.settings.wait_timeout = wait;
        self
    }

    /// How long opening a connection may take, from the first packet to the last setting; 15
    /// seconds by default.
    pub fn create_timeout(mut self, time: Duration) -> Self {
        self.settings.create_timeout = time;
        self
    }

    /// How long a connection may live; 30 minutes by default, and with `None` for ever.
    ///
    /// Servers that were added behind an address, changed passwords and rights are noticed after
    /// this time. Each connection's own limit is up to a fifth shorter, so that they are not all
    /// replaced at once. Work is never interrupted: past its limit a connection is not handed out
    /// again, and an idle one is closed within 30 seconds.
    pub fn max_lifetime(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.settings.limits.max_lifetime = time.into();
        self
    }

    /// How long a connection stays open that nobody asks for; 10 minutes by default, and with
    /// `None` for ever.
    ///
    /// The connection that came back last is the first to be handed out, so those that the load does not
    /// need grow old. Each connection's own limit is up to a fifth shorter; past it it is closed
    /// within 30 seconds, also when the pool has nothing to do.
    pub fn idle_timeout(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.settings.limits.idle_timeout = time.into();
        self
    }

    /// Opens the pool and asks the server `question`.
    ///
    /// `severable` connections can be cut whoever holds them.
    pub(super) async fn open(
        self,
        application: &str,
        severable: bool,
        question: impl AsyncFnOnce(&mut &AsyncPgConnection) -> Result<(), Error>,
    ) -> Result<Pool, Error> {
        self.check()?;
        let manager = Manager::new(&self.url, application, severable, self.settings.limits)?;
        Pool::open(manager, self.settings, question).await
    }

    fn check(&self) -> Result<(), Error> {
        /// PostgreSQL's own bound on `max_connections`.
        const MOST: usize = 262_143;
        let PoolSettings { max_size, min_size, create_timeout, limits, .. } = &self.settings;
        let invalid = |text: String| Err(Error::Invalid(text));
        if *max_size == 0 {
            return invalid("a pool of no connections can serve nobody: set `max_size` to 1 or more".into());
        }
        if *max_size > MOST {
            return invalid(format!(
                "a PostgreSQL server has at most {MOST} connections, and `max_size` is {max_size}: \
                 a few for each core of the server serve best"
            ));
        }
        if min_size > max_size {
            return invalid(format!(
                "a pool of at most {max_size} connections cannot keep {min_size} open: \
                 lower `min_size` or raise `max_size`"
            ));
        }
        for (name, time, cure) in [
            ("create_timeout", Some(*create_timeout), "give a server time to answer"),
            ("deadline", Some(self.deadline), "give a scope time to run"),
            ("max_lifetime", limits.max_lifetime, "use `None` for a connection that may live for ever"),
            ("idle_timeout", limits.idle_timeout, "use `None` for a connection that may rest for ever"),
        ] {
            if time.is_some_and(|time| time.is_zero()) {
                return invalid(format!("`{name}` is zero, with which nothing could ever work: {cure}"));
            }
        }
        Ok(())
    }
}

impl<P> fmt::Debug for PoolBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL has the password.
        f.debug_struct("PoolBuilder")
            .field("settings", &self.settings)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
