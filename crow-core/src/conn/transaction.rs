//! Several statements that happen together or not at all.

use std::sync::atomic::{AtomicBool, Ordering};

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel_async::AsyncPgConnection;
use futures_util::future::BoxFuture;

use super::async_func::AsyncFunc;
use super::execution::{Leaves, Way};
use super::flight::{Begin, message};
use super::session::Unfinished;
use super::tenant::TenantConn;
use crate::error::Error;

/// The transaction that a connection is in.
pub(super) struct Transaction {
    beginning: Beginning,
    /// How many savepoints are open.
    depth: u32,
    begun: AtomicBool,
    failed: AtomicBool,
    conflicted: AtomicBool,
}

impl Transaction {
    fn new(beginning: Beginning) -> Self {
        Self {
            beginning,
            depth: 0,
            begun: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            conflicted: AtomicBool::new(false),
        }
    }

    /// Whether the statement that asks is the first, and has to bring BEGIN and enter with it.
    pub(super) fn begins(&self) -> bool {
        !self.begun.swap(true, Ordering::AcqRel)
    }

    /// The message that begins it.
    pub(super) fn begin<'c>(&self, conn: &'c AsyncPgConnection) -> BoxFuture<'c, QueryResult<usize>> {
        match self.beginning.options.sql() {
            None => message(conn, Begin),
            Some(sql) => message(conn, Command(sql)),
        }
    }

    /// A statement failed: from here on PostgreSQL refuses everything but a rollback.
    ///
    /// That it was a conflict is remembered, whatever the closure makes of the error.
    pub(super) fn fail(&self, error: &mut Error) {
        self.failed.store(true, Ordering::Release);
        if let Error::Conflict { attempts } = error {
            *attempts = self.beginning.attempt;
            self.conflicted.store(true, Ordering::Release);
        }
    }
}

/// How a transaction begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beginning {
    pub(super) options: Options,
    /// How many times it has begun, with this one.
    pub(super) attempt: u32,
}

impl Beginning {
    pub(super) fn once(options: Options) -> Self {
        Self { options, attempt: 1 }
    }
}

/// What a transaction can be told. `None` leaves it to the settings of the role and the database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) isolation: Option<&'static str>,
    pub(super) access: Option<&'static str>,
    pub(super) deferrable: Option<&'static str>,
}

impl Options {
    /// BEGIN with the options, if there are any.
    fn sql(self) -> Option<String> {
        let words: Vec<_> = [self.isolation, self.access, self.deferrable].into_iter().flatten().collect();
        (!words.is_empty()).then(|| format!("BEGIN {}", words.join(", ")))
    }
}

impl<'t> TenantConn<'t> {
    /// Runs the closure in one transaction: commits if it returns `Ok`, rolls back if it returns
    /// `Err`. Inside a transaction this is a savepoint.
    ///
    /// The transaction belongs to the tenant of the scope; BEGIN travels with its first statement.
    /// If the returned future is dropped half-way the connection is closed, which rolls back.
    /// [`build_transaction`](Self::build_transaction) is the same with options.
    ///
    /// # Errors
    ///
    /// The error of the closure, after rolling back. [`Error::RolledBack`] if the closure returns
    /// `Ok` although a statement in it failed, which PostgreSQL can only roll back.
    /// [`Error::Conflict`] and other faults of COMMIT; [`Error::CommitUnknown`] if the connection
    /// broke before COMMIT was answered.
    pub fn transaction<F, R, E>(&mut self, work: F) -> impl Future<Output = Result<R, E>> + Send
    where
        F: for<'r> AsyncFnOnce(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r> AsyncFunc<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send,
        R: Send,
        E: From<Error> + Send,
    {
        run(self, Options::default(), work)
    }
}

/// What running a transaction needs of a connection.
///
/// [`run`] is generic over the connection as a whole and declares its future to be `Send`, so that
/// no region `'t` is left for the compiler to generalise: a future that mentions one and has to be
/// proved `Send` for every `'t` is "not general enough".
pub(super) trait Transactional: Send {
    fn in_transaction(&self) -> bool;

    fn begin(&mut self, how: Beginning) -> impl Future<Output = Result<Unfinished, Error>> + Send;

    /// Ends the innermost transaction, if the connection allows.
    fn close(&mut self, keep: bool) -> impl Future<Output = Result<Closed, Error>> + Send;
}

/// How a transaction ended.
pub(super) struct Closed {
    /// Whether it was committed or rolled back as wished.
    as_wished: Result<(), Error>,
    /// It met a conflict with another one, and was not committed.
    conflicted: bool,
}

#[expect(clippy::manual_async_fn, reason = "an `async fn` would not declare its future `Send`")]
pub(super) fn run<C, F, R, E>(
    conn: &mut C,
    options: Options,
    work: F,
) -> impl Future<Output = Result<R, E>> + Send
where
    C: Transactional,
    F: for<'r> AsyncFnOnce(&'r mut C) -> Result<R, E>
        + for<'r> AsyncFunc<&'r mut C, Result<R, E>, Fut: Send>
        + Send,
    R: Send,
    E: From<Error> + Send,
{
    async move {
        let mark = conn.begin(Beginning::once(options)).await?;
        let result = work(conn).await;
        end(conn, mark, result).await.0
    }
}

/// Ends a transaction whose closure gave `result`. The second value tells whether another attempt
/// can make a difference.
pub(super) async fn end<C: Transactional, R: Send, E: From<Error> + Send>(
    conn: &mut C,
    mark: Unfinished,
    result: Result<R, E>,
) -> (Result<R, E>, bool) {
    match conn.close(result.is_ok()).await {
        Ok(Closed { as_wished, conflicted }) => {
            mark.end();
            (result.and_then(|value| Ok(as_wished.map(|()| value)?)), conflicted)
        }
        // It has not ended: the mark stays, and with it the connection's fate.
        Err(error) => (result.and(Err(error.into())), false),
    }
}

impl Transactional for TenantConn<'_> {
    fn in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    async fn begin(&mut self, how: Beginning) -> Result<Unfinished, Error> {
        if self.in_transaction() && how.options != Options::default() {
            return Err(Error::Invalid(
                "a transaction inside another is a savepoint and has no options of its own: \
                 give them to the outer one"
                    .into(),
            ));
        }
        let mark = self.session().begin()?;
        match &self.transaction {
            None => self.transaction = Some(Transaction::new(how)),
            Some(Transaction { depth, .. }) => {
                let depth = depth + 1;
                if let Err(error) = self.command(format!("SAVEPOINT crow_{depth}")).await {
                    // Refused after an earlier error: there is nothing to undo.
                    if !matches!(error, Error::Connection(_)) {
                        mark.end();
                    }
                    return Err(error);
                }
                self.transaction.iter_mut().for_each(|transaction| transaction.depth = depth);
            }
        }
        Ok(mark)
    }

    async fn close(&mut self, wish_to_keep: bool) -> Result<Closed, Error> {
        let Some(transaction) = &mut self.transaction else {
            return Ok(Closed { as_wished: Ok(()), conflicted: false });
        };
        let failed = std::mem::take(transaction.failed.get_mut());
        let keep = wish_to_keep && !failed;
        let mut as_wished = if wish_to_keep && failed { Err(Error::RolledBack) } else { Ok(()) };
        match transaction.depth {
            0 if !*transaction.begun.get_mut() => {}
            0 if keep => as_wished = self.commit().await?,
            0 => self.command("ROLLBACK".into()).await?,
            depth => {
                transaction.depth -= 1;
                if !keep {
                    self.command(format!("ROLLBACK TO SAVEPOINT crow_{depth}")).await?;
                }
                self.command(format!("RELEASE SAVEPOINT crow_{depth}")).await?;
                return Ok(Closed { as_wished, conflicted: false });
            }
        }
        let committed = keep && as_wished.is_ok();
        let conflicted = self.transaction.take().is_some_and(|it| it.conflicted.into_inner());
        Ok(Closed { as_wished, conflicted: conflicted && !committed })
    }
}

impl TenantConn<'_> {
    async fn command(&self, sql: String) -> Result<(), Error> {
        let way = Way { leaves: Leaves::Together, needs_tenant: true, commits: false };
        self.run(way, message(self.session(), Command(sql))).await.map(drop)
    }

    /// The outer result tells whether the transaction has ended, the inner one whether it was kept.
    async fn commit(&self) -> Result<Result<(), Error>, Error> {
        let commit = message(self.session(), Command("COMMIT".into()));
        let way = Way { leaves: Leaves::Together, needs_tenant: true, commits: true };
        match self.run(way, async { self.committed(commit.await).await }).await {
            Err(error @ (Error::Connection(_) | Error::CommitUnknown(_))) => Err(error),
            committed => Ok(committed),
        }
    }
}

/// A statement that steers the transaction, made of fixed words and a number.
struct Command(String);

impl QueryId for Command {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Command {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(&self.0);
        Ok(())
    }
}
