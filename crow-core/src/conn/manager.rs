//! How connections of a pool come about, and what is looked at before each use.

use std::sync::Arc;
use std::time::Instant;

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::limits::Limits;
use super::observe;
use super::pooler::UNSHARED;
use super::session::{SETTINGS, Session};
use super::target::Target;
use crate::error::Error;

/// Opens connections for a pool and looks at them before they are handed out again.
#[derive(Debug)]
pub(super) struct Manager {
    target: Target,
    /// Whether its connections can be cut whoever holds them.
    severable: bool,
    limits: Limits,
    /// What the pool is called: the application's name on its connections.
    pub(super) name: Arc<str>,
    /// Each open connection is a receiver, so that the end of the last one can be awaited.
    open: watch::Sender<()>,
}

impl Manager {
    pub(super) fn new(url: &str, application: &str, severable: bool, limits: Limits) -> Result<Self, Error> {
        let target = Target::parse(url, application)?;
        let name = target.application().into();
        Ok(Self { target, severable, limits, name, open: watch::Sender::new(()) })
    }

    /// The name of the database.
    pub(super) fn database(&self) -> &str {
        self.target.database()
    }

    /// Waits until no connection is open.
    pub(super) async fn all_closed(&self) {
        self.open.closed().await;
    }

    /// A connection that is no pool's yet, to a session of its own.
    pub(super) async fn log_in(&self) -> Result<(AsyncPgConnection, Option<AbortHandle>), Error> {
        let (mut conn, driver) = self.target.connect(self.severable).await?;
        conn.batch_execute(&[SETTINGS, UNSHARED].concat()).await?;
        Ok((conn, driver))
    }
}

impl managed::Manager for Manager {
    type Type = Session;
    type Error = Error;

    async fn create(&self) -> Result<Session, Error> {
        let begun = Instant::now();
        // Boxed, or the future of each scope would have room for a handshake: 29 KB in place of 6.
        let (conn, driver) = Box::pin(self.log_in()).await?;
        observe::opened(&self.name, begun.elapsed());
        Ok(Session::new(conn, driver, Arc::clone(&self.name), self.limits.draw(), self.open.subscribe()))
    }

    /// Looks, and asks the server nothing: what is given back is idle and clean.
    async fn recycle(&self, session: &mut Session, metrics: &Metrics) -> RecycleResult<Error> {
        if !session.is_idle() {
            return Err(RecycleError::message("work on this connection did not come to its end"));
        }
        if session.limits().outlived(metrics) {
            session.closing("lifetime");
            return Err(RecycleError::message("the connection has reached its maximum lifetime"));
        }
        if session.is_broken() {
            return Err(RecycleError::message("the connection is closed or in a transaction"));
        }
        Ok(())
    }
}
