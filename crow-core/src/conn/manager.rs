//! How connections of a pool come about, and what is looked at before each use.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use diesel::result::ConnectionError;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio::sync::watch;
use tokio_postgres::NoTls;

use super::limits::Limits;
use super::session::{SETTINGS, Session};
use crate::error::Error;

/// Opens connections for a pool and looks at them before they are handed out again.
pub(super) struct Manager {
    config: tokio_postgres::Config,
    /// Whether its connections can be cut whoever holds them.
    severable: bool,
    limits: Limits,
    /// Each open connection is a receiver, so that the end of the last one can be awaited.
    open: watch::Sender<()>,
}

impl Manager {
    pub(super) fn new(url: &str, application: &str, severable: bool, limits: Limits) -> Result<Self, Error> {
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
        Ok(Self { config, severable, limits, open: watch::Sender::new(()) })
    }

    /// Waits until no connection is open.
    pub(super) async fn all_closed(&self) {
        self.open.closed().await;
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
        let (conn, driver) = if self.severable {
            // diesel-async's own driver ends with the connection's owner alone.
            let driver = tokio::spawn(connection).abort_handle();
            (AsyncPgConnection::try_from(client).await, Some(driver))
        } else {
            (AsyncPgConnection::try_from_client_and_connection(client, connection).await, None)
        };
        let mut conn = conn.map_err(setup_failed)?;
        conn.batch_execute(SETTINGS).await?;
        Ok(Session::new(conn, driver, self.limits.draw(), self.open.subscribe()))
    }

    /// Looks, and asks the server nothing: what is given back is idle and clean.
    async fn recycle(&self, session: &mut Session, metrics: &Metrics) -> RecycleResult<Error> {
        if !session.is_idle() {
            return Err(RecycleError::message("work on this connection did not come to its end"));
        }
        if session.limits().outlived(metrics) {
            return Err(RecycleError::message("the connection has reached its maximum lifetime"));
        }
        if session.is_broken() {
            return Err(RecycleError::message("the connection is closed or in a transaction"));
        }
        Ok(())
    }
}

impl Manager {
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
