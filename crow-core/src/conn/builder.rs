//! What a pool can be told before it connects.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use deadpool::Runtime;

use super::manager::{ANSWER, Manager, Pool};
use crate::error::Error;

/// Describes a pool of kind `P`, a [`TenantPool`](crate::TenantPool) or an
/// [`AdminPool`](crate::AdminPool).
#[derive(Clone)]
#[must_use = "a builder does nothing until it connects"]
pub struct PoolBuilder<P> {
    url: String,
    max_size: usize,
    wait_timeout: Duration,
    pub(super) deadline: Duration,
    _pool: PhantomData<fn() -> P>,
}

impl<P> PoolBuilder<P> {
    pub(super) fn new(url: String, max_size: usize) -> Self {
        Self {
            url,
            max_size,
            wait_timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(30),
            _pool: PhantomData,
        }
    }

    /// The most connections the pool opens; by default 16 for tenants and 4 for admin.
    pub fn max_size(mut self, connections: usize) -> Self {
        self.max_size = connections;
        self
    }

    /// How long to wait for a free connection; 5 seconds by default.
    pub fn wait_timeout(mut self, wait: Duration) -> Self {
        self.wait_timeout = wait;
        self
    }

    /// `prepare` runs on a connection when it is new, and before it is handed out again.
    pub(super) fn open(&self, application: &str, prepare: String) -> Result<Pool, Error> {
        if self.max_size == 0 {
            return Err(Error::Invalid(
                "a pool of no connections can serve nobody: set `max_size` to 1 or more".into(),
            ));
        }
        Pool::builder(Manager::new(&self.url, application, prepare)?)
            .max_size(self.max_size)
            .wait_timeout(Some(self.wait_timeout))
            .create_timeout(Some(ANSWER))
            .recycle_timeout(Some(ANSWER))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::Invalid(format!("the pool cannot be built: {error}")))
    }
}

impl<P> fmt::Debug for PoolBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL has the password.
        f.debug_struct("PoolBuilder")
            .field("max_size", &self.max_size)
            .field("wait_timeout", &self.wait_timeout)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
