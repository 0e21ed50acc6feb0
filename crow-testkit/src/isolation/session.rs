//! The attacker's connection, which keeps whatever the server says.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{SinkExt, TryStreamExt, pin_mut};
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, SimpleQueryMessage};

use super::attack::Script;
use crate::Error;

/// What came of a script.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Rows, as text.
    pub(crate) rows: Vec<String>,
    /// Messages of errors with all that belongs to them, and notices.
    pub(crate) told: Vec<String>,
    /// The error that ended it: a SQLSTATE, or crow's words.
    pub(crate) error: Option<String>,
}

pub(crate) struct Attacker {
    client: Client,
    notices: Arc<Mutex<Vec<String>>>,
}

impl Attacker {
    pub(crate) async fn open(url: &str, options: &str) -> Result<Self, tokio_postgres::Error> {
        let mut config: Config = url.parse()?;
        if !options.is_empty() {
            config.options(options);
        }
        let (client, mut connection) = config.connect(NoTls).await?;
        let notices = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&notices);
        tokio::spawn(async move {
            // An error ends the client's statement too, which reports it.
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message {
                    sink.lock().unwrap_or_else(PoisonError::into_inner).push(notice.to_string());
                }
            }
        });
        Ok(Self { client, notices })
    }

    /// Runs the script for the tenant.
    pub(crate) async fn play(&self, script: &Script, tenant: &str) -> Result<Answers, Error> {
        for step in &script.before {
            // What the other tenant may not do, it has not done.
            let _ = self.send(step).await;
        }
        let mut answers = Answers::default();
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let enter = script.enters.then(|| ["BEGIN".to_owned(), format!("SELECT crow.enter('{tenant}')")]);
        for step in enter.into_iter().flatten() {
            self.expect(&step).await?;
        }
        for step in &script.steps {
            match self.send(step).await {
                Ok(rows) => answers.rows.extend(rows),
                Err(error) => {
                    answers.refuse(&error);
                    break;
                }
            }
        }
        if script.commits
            && answers.error.is_none()
            && script.enters
            && let Err(error) = self.send("COMMIT").await
        {
            answers.refuse(&error);
        }
        answers.told.append(&mut self.notices.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(answers)
    }

    /// Takes back what a script has done to the session.
    pub(crate) async fn forget(&self) -> Result<(), Error> {
        for step in ["ROLLBACK", "RESET ROLE", "DISCARD ALL"] {
            self.expect(step).await?;
        }
        Ok(())
    }

    /// What has to work for the attack to be one.
    async fn expect(&self, step: &str) -> Result<(), Error> {
        let sent = self.client.simple_query(step).await;
        sent.map(drop).map_err(|source| Error::Statement {
            server: "the database under attack".into(),
            action: format!("run {step:?} as the application"),
            cure: "The role of the application has to be able to log in and to call crow.enter, as crow's migration grants it",
            source,
        })
    }

    async fn send(&self, step: &str) -> Result<Vec<String>, tokio_postgres::Error> {
        if step.ends_with("TO STDOUT") {
            let chunks: Vec<Bytes> = self.client.copy_out(step).await?.try_collect().await?;
            return Ok(chunks.iter().map(|chunk| String::from_utf8_lossy(chunk).into_owned()).collect());
        }
        if let Some((copy, data)) = step.split_once("FROM STDIN\n") {
            let sink = self.client.copy_in::<_, Bytes>(&format!("{copy}FROM STDIN")).await?;
            pin_mut!(sink);
            sink.send(Bytes::copy_from_slice(data.as_bytes())).await?;
            sink.finish().await?;
            return Ok(Vec::new());
        }
        let messages = self.client.simple_query(step).await?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).filter_map(|column| row.get(column)).collect::<Vec<_>>().join("|"))
            }
            _ => None,
        });
        Ok(rows.collect())
    }
}

impl Answers {
    fn refuse(&mut self, error: &tokio_postgres::Error) {
        match error.as_db_error() {
            Some(said) => {
                let parts = [Some(said.message()), said.detail(), said.hint(), said.where_()];
                self.told.extend(parts.into_iter().flatten().map(str::to_owned));
                self.error = Some(format!("SQLSTATE {}", said.code().code()));
            }
            None => {
                self.told.push(error.to_string());
                self.error = Some("a broken connection".into());
            }
        }
    }
}
