//! What can go wrong between a scope and its rows.

use std::time::Duration;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind};

use crate::audit::Finding;
use crate::tenant::InvalidTenantId;

/// What a scope, a pool or a statement can end in.
///
/// The variants are kinds that a program can act on; the message is for the person who reads the
/// log. Neither holds a password, a bind value, or the server's DETAIL, which quotes rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The value does not name a tenant.
    #[error(transparent)]
    TenantId(#[from] InvalidTenantId),

    /// A statement reached a protected table outside a tenant's transaction.
    ///
    /// crow binds the tenant before each statement, so this comes from SQL that ended the
    /// transaction, or from a role that is not meant to see tenant tables.
    #[error(
        "no tenant is bound to this transaction: run the statement in `TenantPool::scope`, \
         and do not end the transaction in SQL"
    )]
    NoTenant,

    /// The database refused a row, or a switch of tenant, that does not belong to this scope.
    #[error("refused by the tenant policy: {0}")]
    Refused(String),

    /// The row does not exist, or is not visible to this tenant: the two cannot be told apart.
    #[error("no such row in this tenant")]
    NotFound,

    /// A row with the same key exists already in this tenant.
    #[error("a row with this key exists already{}", constraint(.0))]
    Unique(Option<String>),

    /// The row refers to one that does not exist in this tenant, or is still referred to.
    #[error("the row refers to one that does not exist in this tenant, or is still referred to{}", constraint(.0))]
    ForeignKey(Option<String>),

    /// A value breaks a CHECK, NOT NULL or EXCLUDE constraint.
    #[error("a value breaks a rule of the table{}", constraint(.0))]
    Check(Option<String>),

    /// A value is none of its type for PostgreSQL: out of range, too long, a text with a NUL byte.
    ///
    /// It may come from a user. What the type of a column means in Rust keeps most of these out.
    #[error("a value does not fit: {0}")]
    Value(String),

    /// The transaction conflicted with a concurrent one (serialization failure or deadlock) and
    /// was rolled back; running it again may succeed, which
    /// [`retrying`](crate::TransactionBuilder::retrying) does.
    #[error("the transaction conflicted with a concurrent one and was rolled back{}", advice(*attempts))]
    #[non_exhaustive]
    Conflict {
        /// How many times it has run.
        attempts: u32,
    },

    /// A statement would have written in a transaction that was begun read only, for an access that
    /// only reads, or on a standby server.
    #[error(
        "the transaction is read only, and the statement would write: begin it without `read_only`, with \
         an `Access` for `writing()`, or on a server that is no standby"
    )]
    ReadOnly,

    /// A transaction returned `Ok` although one of its statements had failed, so that PostgreSQL
    /// could only roll it back.
    #[error(
        "the transaction was rolled back because one of its statements had failed: pass the \
         statement's error on, or run the statement in a nested `transaction` to go on without it"
    )]
    RolledBack,

    /// The connection broke, or the deadline passed, after COMMIT was sent and before it was
    /// answered: the transaction may have been committed or not.
    ///
    /// So it is with a write outside `transaction`, with which its COMMIT travels. Look for what it
    /// should have written before you run it again.
    #[error("it is not known whether the transaction was committed: {0}")]
    CommitUnknown(String),

    /// No connection became free in time.
    #[error(
        "no connection became free in time: raise `max_size` or `wait_timeout`, or hold scopes for shorter"
    )]
    PoolTimeout,

    /// The pool was closed, as a program does when it ends.
    #[error("the pool is closed")]
    PoolClosed,

    /// The unit of work took longer than its deadline, which was so long; its connection was
    /// closed, and what it had not committed is rolled back.
    #[error("the unit of work took longer than its deadline of {0:?}, and its connection was closed")]
    Deadline(Duration),

    /// The server stopped the statement, because of its `statement_timeout` or `lock_timeout` or because
    /// somebody asked it to. The connection is as good as before.
    #[error("the server stopped the statement ({0})")]
    Cancelled(String),

    /// The role or the database would let one tenant see another's rows, so the pool did not open.
    #[error("this database is not safe to open:{}", list(.0))]
    Unsafe(Vec<Finding>),

    /// The server could not be reached, refused the login, or the connection broke.
    #[error("{0}")]
    Connection(String),

    /// The call cannot work as it is written.
    #[error("{0}")]
    Invalid(String),

    /// The access across tenants has expired. What it had opened is closed.
    #[error("the access across tenants has expired: ask for a new one")]
    AccessExpired,

    /// The job is not done, and will not be if it is delivered again.
    #[cfg(feature = "jobs")]
    #[error(transparent)]
    Job(#[from] crate::job::JobError),

    /// Anything else that the server refused.
    #[error("the database refused the statement: {0}")]
    Other(String),
}

impl Error {
    /// A name for the kind, of a fixed few.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::TenantId(_) => "tenant_id",
            Self::NoTenant => "no_tenant",
            Self::Refused(_) => "refused",
            Self::NotFound => "not_found",
            Self::Unique(_) => "unique",
            Self::ForeignKey(_) => "foreign_key",
            Self::Check(_) => "check",
            Self::Value(_) => "value",
            Self::Conflict { .. } => "conflict",
            Self::CommitUnknown(_) => "commit_unknown",
            Self::Cancelled(_) => "cancelled",
            Self::ReadOnly => "read_only",
            Self::RolledBack => "rolled_back",
            Self::PoolTimeout => "pool_timeout",
            Self::PoolClosed => "pool_closed",
            Self::Deadline(_) => "deadline",
            Self::Unsafe(_) => "unsafe",
            Self::Connection(_) => "connection",
            Self::Invalid(_) => "invalid",
            Self::AccessExpired => "access_expired",
            #[cfg(feature = "jobs")]
            Self::Job(_) => "job",
            Self::Other(_) => "other",
        }
    }
}

fn constraint(name: &Option<String>) -> String {
    name.as_ref().map(|name| format!(" (constraint `{name}`)")).unwrap_or_default()
}

fn advice(attempts: u32) -> String {
    match attempts {
        0 | 1 => ": run it again, or let `retrying` do so".into(),
        attempts => format!(" at each of {attempts} attempts: allow more, or make the transaction smaller"),
    }
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("\n  {finding}")).collect()
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::Error as Diesel;
        match error {
            Diesel::NotFound => Self::NotFound,
            Diesel::DatabaseError(kind, info) => database(kind, &*info),
            Diesel::QueryBuilderError(error) => Self::Invalid(error.to_string()),
            Diesel::InvalidCString(_) => Self::Value("a text holds a NUL byte".into()),
            Diesel::SerializationError(error) => {
                Self::Invalid(format!("a value cannot be sent: {}", redacted(&error.to_string())))
            }
            Diesel::DeserializationError(error) => {
                Self::Invalid(format!("a row does not fit its type: {}", redacted(&error.to_string())))
            }
            Diesel::BrokenTransactionManager => Self::Connection(
                "the connection is in a transaction that could not be ended: take another one".into(),
            ),
            other => Self::Other(redacted(&other.to_string())),
        }
    }
}

fn database(kind: DatabaseErrorKind, info: &dyn DatabaseErrorInformation) -> Error {
    let constraint = || info.constraint_name().map(str::to_owned);
    let message = info.message();
    match (kind, info.constraint_name()) {
        // The names that the functions of schema crow set, the same in every language.
        (_, Some("crow.no_tenant")) => Error::NoTenant,
        (_, Some("crow.other_tenant" | "crow.nil_tenant")) => Error::Refused(message.to_owned()),
        (_, Some("crow.expired")) => Error::AccessExpired,
        (_, Some("crow.unrecorded")) => Error::Invalid(
            "the access is not on record in this database: the `TenantPool` and the `AdminPool` of `as_tenant` have \
             to be pools of one database"
                .into(),
        ),
        (_, Some("crow.shared_session")) => shared_session(),
        (_, Some("crow.unexplained")) => Error::Invalid(message.to_owned()),
        (DatabaseErrorKind::UniqueViolation, _) => Error::Unique(constraint()),
        (DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation, _) => {
            Error::ForeignKey(constraint())
        }
        (DatabaseErrorKind::CheckViolation | DatabaseErrorKind::ExclusionViolation, _) => {
            Error::Check(constraint())
        }
        (DatabaseErrorKind::NotNullViolation, _) => {
            Error::Check(info.column_name().map(|column| format!("{column} NOT NULL")))
        }
        (DatabaseErrorKind::SerializationFailure, _) => Error::Conflict { attempts: 1 },
        (DatabaseErrorKind::ReadOnlyTransaction, _) => Error::ReadOnly,
        (DatabaseErrorKind::ClosedConnection, _) => Error::Connection(lost(message)),
        // Nothing was sent, and nothing is wrong with the connection.
        (DatabaseErrorKind::UnableToSendCommand, _) if message.starts_with("error encoding message") => {
            Error::Invalid(
                "the statement does not fit into PostgreSQL's protocol, which takes 65535 values, 1 GB, and no \
                 NUL byte in the SQL: insert fewer rows at a time, and compare with a list by `any_of`"
                    .into(),
            )
        }
        (DatabaseErrorKind::UnableToSendCommand, _) => Error::Connection(lost(message)),
        _ => by_message(message),
    }
}

/// diesel-async passes on neither SQLSTATE nor severity, so these are told apart by their English
/// text; in another language they end as [`Error::Other`], never as success.
fn by_message(message: &str) -> Error {
    if message.contains("row-level security policy") {
        Error::Refused(message.to_owned())
    } else if message.starts_with("deadlock detected") {
        Error::Conflict { attempts: 1 }
    } else if message.starts_with("canceling statement due to") {
        Error::Cancelled(message.to_owned())
    } else if message.starts_with("terminating connection") {
        Error::Connection(lost(message))
    } else if lost_statement(message) {
        Error::Connection(format!("{}{LOST_STATEMENT}", lost(message)))
    } else if message.starts_with("invalid byte sequence") && message.ends_with(": 0x00") {
        Error::Value("a text holds a NUL byte, which PostgreSQL cannot store".into())
    } else if is_about_a_value(message) {
        Error::Value(redacted(message))
    } else if message.starts_with("permission denied") {
        Error::Other(format!(
            "{message}: the role of this connection may not. For a tenant table `SELECT crow.protect(..)` grants what tenants need; \
             what is another role's business is done on a connection of that role"
        ))
    } else {
        Error::Other(redacted(message))
    }
}

/// Class 22 of SQLSTATE, without what only a program does wrong, and what does not fit into an index.
fn is_about_a_value(message: &str) -> bool {
    const BEGINNINGS: [&str; 7] = [
        "value too long for type",
        "numeric field overflow",
        "invalid input syntax for type",
        "invalid input value for enum",
        "unsupported Unicode escape sequence",
        "index row size ",
        "index row requires ",
    ];
    message.contains("out of range") || BEGINNINGS.iter().any(|beginning| message.starts_with(beginning))
}

/// What the driver had prepared is gone for good, or something else has its name.
fn lost_statement(message: &str) -> bool {
    message.starts_with("prepared statement \"")
        && (message.ends_with("does not exist") || message.ends_with("already exists"))
        || message.starts_with("bind message supplies ")
}

const LOST_STATEMENT: &str = ". SQL has deallocated what the driver prepared; or a pooler in between gives each \
    transaction another session and does not bring statements along: then set PgBouncer's max_prepared_statements \
    above 0";

impl Error {
    /// What a lost statement means where no SQL of the user's own can have run.
    pub(crate) fn before_any_sql(self) -> Self {
        match self {
            Self::Connection(text) if text.ends_with(LOST_STATEMENT) => shared_session(),
            other => other,
        }
    }
}

fn shared_session() -> Error {
    Error::Invalid(
        "the pooler between here and PostgreSQL gives each transaction another session and does not bring prepared \
         statements along: set max_prepared_statements above 0 (PgBouncer 1.21 or later) or pool_mode = session, or \
         connect to PostgreSQL itself"
            .into(),
    )
}

fn lost(message: &str) -> String {
    format!("the connection to the database broke ({}): open a new scope", redacted(message))
}

/// PostgreSQL quotes the offending value after a colon ("invalid input syntax for type integer:
/// "…"") or after the word value; with a cast in the SQL it can be a value of any row.
fn redacted(message: &str) -> String {
    let quote = |c: char| matches!(c, '"' | '\'' | '«' | '„' | '“');
    let cut = message
        .match_indices(": ")
        .map(|(at, sep)| (at, at + sep.len()))
        .chain(message.match_indices("value ").map(|(at, word)| (at + word.len() - 1, at + word.len())))
        .filter(|&(_, next)| message[next..].starts_with(quote))
        .map(|(at, _)| at)
        .min();
    match cut {
        Some(at) => format!("{} (value withheld)", &message[..at]),
        None => message.to_owned(),
    }
}

/// Turns "no such row" into `None`.
pub trait Optional<T> {
    /// `Ok(None)` in place of [`Error::NotFound`].
    ///
    /// # Errors
    ///
    /// Every other error, as it was.
    fn optional(self) -> Result<Option<T>, Error>;
}

impl<T> Optional<T> for Result<T, Error> {
    fn optional(self) -> Result<Option<T>, Error> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn values_that_the_server_quotes_are_withheld() {
        for message in [
            "invalid input syntax for type integer: \"secret\"",
            "value \"secret\" is out of range for type integer",
            "date/time field value out of range: \"secret\"",
            "invalid input value for enum mood: \"secret\"",
        ] {
            let redacted = redacted(message);
            assert!(!redacted.contains("secret"), "{redacted}");
            assert!(redacted.ends_with("(value withheld)"), "{redacted}");
        }
        assert_eq!(redacted("relation \"cars\" does not exist"), "relation \"cars\" does not exist");
    }
}
