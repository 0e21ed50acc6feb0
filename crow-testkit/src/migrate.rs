//! Installing crow and running a schema's migrations, and saying where one fails.

use std::fs;
use std::pin::pin;

use crow_core::schema::CrowMigrations;
use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::migration::Migration;
use diesel::pg::Pg;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::MigrationHarness;
use futures_util::StreamExt;
use tokio::runtime::Handle;
use tokio_postgres::error::{DbError, ErrorPosition};
use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::{Error, Schema};

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The role that runs migrations, as in production.
const MIGRATOR: &str = "SET SESSION AUTHORIZATION crow_migrator";

/// The superuser installs crow, the migrator does the rest. Blocks.
pub(crate) fn build(
    url: &str,
    schema: &Schema,
    passwords: &[(&'static str, Option<String>)],
) -> Result<(), Failure> {
    let mut superuser = AsyncConnectionWrapper::<AsyncPgConnection>::establish(url)?;
    superuser.run_pending_migrations(CrowMigrations)?;
    for (role, password) in passwords {
        if let Some(password) = password {
            // Made of hexadecimal digits, by the server of this crate.
            superuser.batch_execute(&format!("ALTER ROLE {role} PASSWORD '{password}'"))?;
        }
    }
    superuser.batch_execute(MIGRATOR)?;
    for migration in superuser.pending_migrations(schema)? {
        let run = superuser.run_migration(&*migration).map(drop);
        run.map_err(|error| explain(url, schema, &*migration, &error))?;
    }
    Ok(())
}

/// Which migration failed, where, and in the server's words why.
fn explain(url: &str, schema: &Schema, migration: &dyn Migration<Pg>, error: &Failure) -> Error {
    let name = migration.name().to_string();
    let message = error.to_string();
    let Some(file) = schema.file(&name) else {
        return Error::Migration { migration: name, line: None, reason: message };
    };
    let text = fs::read_to_string(&file).unwrap_or_default();
    let again = Handle::current().block_on(run_again(url, &text, migration.metadata().run_in_transaction()));
    let (line, reason) = match again {
        Some(failed) if message.contains(failed.refusal.message()) => (failed.line(&text), failed.in_full()),
        _ => (None, message),
    };
    Error::Migration { migration: file.display().to_string(), line, reason }
}

/// What the server said the second time.
struct Failed {
    refusal: DbError,
    /// How many statements of the text went well.
    done: usize,
}

/// Runs a text that has just failed once more: diesel's harness hands on the server's sentence alone.
///
/// The database is a draft that nobody will use, and transactions have been rolled back.
async fn run_again(url: &str, text: &str, in_transaction: bool) -> Option<Failed> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.ok()?;
    tokio::spawn(connection);
    let begin = if in_transaction { "BEGIN" } else { "" };
    client.batch_execute(&format!("{MIGRATOR}; {begin}")).await.ok()?;
    let mut answers = pin!(client.simple_query_raw(text).await.ok()?);
    let mut done = 0;
    loop {
        match answers.next().await? {
            Ok(SimpleQueryMessage::CommandComplete(_)) => done += 1,
            Ok(_) => {}
            Err(error) => return Some(Failed { refusal: error.as_db_error()?.clone(), done }),
        }
    }
}

impl Failed {
    /// Not if it failed inside a function, whose text the position is one of then.
    fn line(&self, text: &str) -> Option<usize> {
        let Some(&ErrorPosition::Original(position)) = self.refusal.position() else { return None };
        let before = text.chars().take(usize::try_from(position).ok()?.saturating_sub(1));
        Some(1 + before.filter(|&c| c == '\n').count())
    }

    fn in_full(&self) -> String {
        let Self { refusal, done } = self;
        let mut text = format!("{} (SQLSTATE {})", refusal.message(), refusal.code().code());
        let statement = format!("number {} of the file", done + 1);
        let parts = [
            ("detail", refusal.detail()),
            ("hint", refusal.hint()),
            ("context", refusal.where_()),
            ("statement", Some(&*statement)),
        ];
        for (name, part) in parts {
            if let Some(part) = part {
                text += &format!("\n{name}: {part}");
            }
        }
        text
    }
}
