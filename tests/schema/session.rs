//! A connection that says what the server says, word for word.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::TryStreamExt;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, SimpleQueryMessage, SimpleQueryRow};

use crate::Fallible;

pub(crate) struct Session {
    client: Client,
    notices: Arc<Mutex<Vec<String>>>,
}

impl Session {
    pub(crate) async fn open(url: &str) -> Fallible<Self> {
        Self::open_with(url, "").await
    }

    /// `options` go into the startup packet, as `PGOPTIONS` do.
    pub(crate) async fn open_with(url: &str, options: &str) -> Fallible<Self> {
        let mut config: Config = url.parse()?;
        let (client, mut connection) = config.options(options).connect(NoTls).await.map_err(Refused::from)?;
        let notices = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&notices);
        tokio::spawn(async move {
            // An error ends the client's statement too, which reports it.
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message {
                    let line = format!("{}: {}", notice.severity(), notice.message());
                    sink.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                }
            }
        });
        Ok(Self { client, notices })
    }

    /// Sends one message of one or more statements; returns the rows as `psql -At` prints them.
    pub(crate) async fn run(&self, sql: &str) -> Result<Vec<String>, Refused> {
        if sql.starts_with("COPY") && sql.ends_with("TO STDOUT") {
            return self.copy_out(sql).await;
        }
        let messages = self.client.simple_query(sql).await?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(line(row)),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// Sends each statement as a message of its own, up to the first that is refused.
    pub(crate) async fn run_each(&self, statements: impl Iterator<Item = &str>) -> Result<(), Refused> {
        for statement in statements {
            self.run(statement).await?;
        }
        Ok(())
    }

    /// The rows of a prepared statement with binds, whose columns are all text.
    pub(crate) async fn query(
        &self,
        sql: &str,
        binds: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Vec<String>>, Refused> {
        let rows = self.client.query(sql, binds).await?;
        rows.iter().map(|row| (0..row.len()).map(|i| Ok(row.try_get(i)?)).collect()).collect()
    }

    /// What the server has said beside its answers.
    pub(crate) fn notices(&self) -> Vec<String> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn copy_out(&self, sql: &str) -> Result<Vec<String>, Refused> {
        let chunks: Vec<_> = self.client.copy_out(sql).await?.try_collect().await?;
        Ok(chunks.iter().map(|chunk| String::from_utf8_lossy(chunk).trim_end().to_owned()).collect())
    }
}

fn line(row: &SimpleQueryRow) -> String {
    let columns: Vec<_> = (0..row.len()).map(|i| row.get(i).unwrap_or_default()).collect();
    columns.join("|")
}

/// A statement that failed.
#[derive(Debug)]
pub(crate) struct Refused {
    /// SQLSTATE, and the name of a constraint of crow's; or `client`, where no server answered.
    pub(crate) code: String,
    pub(crate) message: String,
    /// Detail, hint and context: whatever else the client gets to see.
    pub(crate) rest: String,
}

impl From<tokio_postgres::Error> for Refused {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(answer) = error.as_db_error() else {
            return Self { code: "client".into(), message: error.to_string(), rest: String::new() };
        };
        let mut code = answer.code().code().to_owned();
        if let Some(constraint) = answer.constraint().filter(|name| name.starts_with("crow.")) {
            code = format!("{code} {constraint}");
        }
        let rest = [answer.detail(), answer.hint(), answer.where_()];
        Self {
            code,
            message: answer.message().to_owned(),
            rest: rest.into_iter().flatten().collect::<Vec<_>>().join("\n"),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl Error for Refused {}
