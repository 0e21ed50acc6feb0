//! A superuser's connection for statements about databases.

use std::time::Duration;

use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use crate::Error;
use crate::address::Address;

const CURE_CONNECT: &str = "Look whether the server runs, and whether CROW_DATABASE_URL (if set) is right; \
     a server that insists on TLS cannot be used here";
const CURE_STATEMENT: &str = "A server named by CROW_DATABASE_URL has to be of PostgreSQL 14 or newer, and the URL that of a superuser";

pub(crate) struct Session<'a> {
    address: &'a Address,
    client: Client,
}

impl<'a> Session<'a> {
    pub(crate) async fn open(address: &'a Address) -> Result<Self, Error> {
        let database = address.maintenance_database();
        let failed = |source| Error::Connect {
            server: address.to_string(),
            database: database.clone(),
            cure: CURE_CONNECT,
            source,
        };
        let mut config: Config = address.superuser_url(&database).as_str().parse().map_err(failed)?;
        let (client, connection) =
            config.connect_timeout(Duration::from_secs(10)).connect(NoTls).await.map_err(failed)?;
        // Ends with the client, and its error reaches the client's next statement.
        tokio::spawn(connection);
        Ok(Self { address, client })
    }

    /// Runs statements without arguments and returns the first column of the rows.
    pub(crate) async fn run(&self, action: &str, sql: &str) -> Result<Vec<String>, Error> {
        let messages = self.client.simple_query(sql).await.map_err(|source| Error::Statement {
            server: self.address.to_string(),
            action: action.to_owned(),
            cure: CURE_STATEMENT,
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
    pub(crate) async fn copy_strategy(&self) -> Result<&'static str, Error> {
        let version = self.run("tell its version", "SHOW server_version_num").await?;
        let number = version.first().and_then(|text| text.parse::<u32>().ok());
        Ok(if number >= Some(150_000) { "STRATEGY FILE_COPY" } else { "" })
    }
}
