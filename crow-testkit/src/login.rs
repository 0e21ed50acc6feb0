//! A connection as one of the roles, for whatever SQL.

use std::time::Duration;

use tokio_postgres::config::Host;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, SimpleQueryMessage};

use crate::Error;

const CURE_CONNECT: &str = "Look whether the server runs and lets this role log in; a server that insists on TLS \
     cannot be used here";
const CURE_STATEMENT: &str =
    "Look whether the role of this connection may do that: it is the owner's or a superuser's work";

pub(crate) struct Login {
    server: String,
    client: Client,
}

impl Login {
    pub(crate) async fn open(url: &str) -> Result<Self, Error> {
        Self::open_with(url, "").await
    }

    /// With options of the startup packet, such as `-c work_mem=1MB`.
    pub(crate) async fn open_with(url: &str, options: &str) -> Result<Self, Error> {
        let failed = |config: Option<&Config>, source| Error::Connect {
            server: config.map(server).unwrap_or_default(),
            database: config.and_then(Config::get_dbname).unwrap_or_default().to_owned(),
            cure: CURE_CONNECT,
            source,
        };
        let mut config: Config = url.parse().map_err(|error| failed(None, error))?;
        if !options.is_empty() {
            config.options(options);
        }
        let connecting = config.connect_timeout(Duration::from_secs(10)).connect(NoTls).await;
        let (client, connection) = connecting.map_err(|error| failed(Some(&config), error))?;
        // Ends with the client, and its error reaches the client's next statement.
        tokio::spawn(connection);
        Ok(Self { server: server(&config), client })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Runs statements without arguments, in one message.
    pub(crate) async fn run(&self, action: &str, sql: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
        self.client.simple_query(sql).await.map_err(|source| self.refused(action, source))
    }

    /// Runs one statement.
    pub(crate) async fn ask(
        &self,
        action: &str,
        sql: &str,
        arguments: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        self.client.query(sql, arguments).await.map_err(|source| self.refused(action, source))
    }

    fn refused(&self, action: &str, source: tokio_postgres::Error) -> Error {
        Error::Statement {
            server: self.server.clone(),
            action: action.to_owned(),
            cure: CURE_STATEMENT,
            source,
        }
    }
}

/// Host or socket directory, and port: nothing secret.
fn server(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(directory)) => directory.display().to_string(),
        None => "localhost".into(),
    };
    format!("{host}:{}", config.get_ports().first().unwrap_or(&5432))
}
