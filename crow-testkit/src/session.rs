//! A superuser's connection for statements about databases.

use std::time::{Duration, Instant};

use futures_timer::Delay;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use crate::Error;
use crate::address::Address;

/// How long to wait for a connection that other tests have.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Session<'a> {
    address: &'a Address,
    client: Client,
    /// Of the server, the first number.
    version: u32,
}

impl<'a> Session<'a> {
    pub(crate) async fn open(address: &'a Address) -> Result<Self, Error> {
        let database = address.maintenance_database();
        let failed = |source| Error::Connect {
            server: address.to_string(),
            database: database.clone(),
            cure: cure_of_connecting(&source),
            source,
        };
        let mut config: Config = address.superuser_url(&database).as_str().parse().map_err(failed)?;
        config.connect_timeout(Duration::from_secs(10));
        let deadline = Instant::now() + PATIENCE;
        let (client, connection) = loop {
            match config.connect(NoTls).await {
                // Whoever has the last one gives it back: it is a test.
                Err(error)
                    if error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS) && Instant::now() < deadline =>
                {
                    Delay::new(Duration::from_millis(20)).await;
                }
                outcome => break outcome.map_err(failed)?,
            }
        };
        let version = connection.parameter("server_version").and_then(major).unwrap_or_default();
        // Ends with the client, and its error reaches the client's next statement.
        tokio::spawn(connection);
        Ok(Self { address, client, version })
    }

    /// Runs statements without arguments and returns the first column of the rows.
    pub(crate) async fn run(&self, action: &str, sql: &str) -> Result<Vec<String>, Error> {
        let messages = self.client.simple_query(sql).await.map_err(|source| Error::Statement {
            server: self.address.to_string(),
            action: action.to_owned(),
            cure: cure_of_a_statement(self.address, &source),
            source,
        })?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// The clause that copies files where the server knows it. Writing the copy to the log
    /// instead, the default since 15, takes three times as long.
    pub(crate) fn copy_strategy(&self) -> &'static str {
        if self.version >= 15 { "STRATEGY FILE_COPY" } else { "" }
    }
}

/// 17 of `17.2 (Debian 17.2-1)` and of `17beta1`.
fn major(version: &str) -> Option<u32> {
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..end].parse().ok()
}

fn cure_of_connecting(error: &tokio_postgres::Error) -> &'static str {
    match error.code() {
        Some(&SqlState::TOO_MANY_CONNECTIONS) => {
            "Raise its max_connections, give pools a smaller `max_size`, or run fewer tests at once (--test-threads)"
        }
        _ => {
            "Look whether the server runs, and whether CROW_DATABASE_URL (if set) is right; \
             a server that insists on TLS cannot be used here"
        }
    }
}

fn cure_of_a_statement(address: &Address, error: &tokio_postgres::Error) -> &'static str {
    match error.code() {
        // Without space a server also breaks down in other ways.
        code if code == Some(&SqlState::DISK_FULL) || address.is_full() => {
            "There is no space left: free some space, run fewer tests at once (--test-threads), or set CROW_PG_DIR to a directory with more; \
             each test's database takes 8 MB and what is in it"
        }
        _ => {
            "A server named by CROW_DATABASE_URL has to be of PostgreSQL 15 or newer, and the URL that of a superuser"
        }
    }
}
