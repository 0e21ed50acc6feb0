//! Several statements that happen together or not at all.

use std::sync::atomic::{AtomicBool, Ordering};

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;

use super::async_func::AsyncFunc;
use super::execution::Leaves;
use super::flight::message;
use super::session::Unfinished;
use super::tenant::TenantConn;
use crate::error::Error;

/// The transaction that a connection is in.
pub(super) struct Transaction {
    /// How many savepoints are open.
    depth: u32,
    begun: AtomicBool,
    failed: AtomicBool,
}

impl Transaction {
    fn new() -> Self {
        Self { depth: 0, begun: AtomicBool::new(false), failed: AtomicBool::new(false) }
    }

    /// Whether the statement that asks is the first, and has to bring BEGIN and enter with it.
    pub(super) fn begins(&self) -> bool {
        !self.begun.swap(true, Ordering::AcqRel)
    }

    /// A statement failed: from here on PostgreSQL refuses everything but a rollback.
    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::Release);
    }
}

impl<'t> TenantConn<'t> {
    /// Runs the closure in one transaction: commits if it returns `Ok`, rolls back if it returns
    /// `Err`. Inside a transaction this is a savepoint.
    ///
    /// The transaction belongs to the tenant of the scope; BEGIN travels with its first statement.
    /// If the returned future is dropped half-way the connection is closed, which rolls back.
    ///
    /// # Errors
    ///
    /// The error of the closure, after rolling back. [`Error::RolledBack`] if the closure returns
    /// `Ok` although a statement in it failed, which PostgreSQL can only roll back.
    /// [`Error::Conflict`] and other faults of COMMIT.
    pub fn transaction<F, R, E>(&mut self, work: F) -> impl Future<Output = Result<R, E>> + Send
    where
        F: for<'r> AsyncFnOnce(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r> AsyncFunc<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send,
        R: Send,
        E: From<Error> + Send,
    {
        run(self, work)
    }
}

/// What [`run`] needs of a connection.
///
/// `run` is generic over the connection as a whole and declares its future to be `Send`, so that
/// no region `'t` is left for the compiler to generalise: a future that mentions one and has to be
/// proved `Send` for every `'t` is "not general enough".
trait Transactional: Send {
    fn begin(&mut self) -> impl Future<Output = Result<Unfinished, Error>> + Send;
    fn close(&mut self, keep: bool) -> impl Future<Output = Result<Result<(), Error>, Error>> + Send;
}

#[expect(clippy::manual_async_fn, reason = "an `async fn` would not declare its future `Send`")]
fn run<C, F, R, E>(conn: &mut C, work: F) -> impl Future<Output = Result<R, E>> + Send
where
    C: Transactional,
    F: for<'r> AsyncFnOnce(&'r mut C) -> Result<R, E>
        + for<'r> AsyncFunc<&'r mut C, Result<R, E>, Fut: Send>
        + Send,
    R: Send,
    E: From<Error> + Send,
{
    async move {
        let mark = conn.begin().await?;
        let result = work(conn).await;
        let closed = conn.close(result.is_ok()).await;
        // Where it has not ended the mark stays, and with it the connection's fate.
        if closed.is_ok() {
            mark.end();
        }
        let value = result?;
        closed??;
        Ok(value)
    }
}

impl Transactional for TenantConn<'_> {
    async fn begin(&mut self) -> Result<Unfinished, Error> {
        let mark = self.session().begin()?;
        match &self.transaction {
            None => self.transaction = Some(Transaction::new()),
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

    /// Ends the innermost transaction. The outer result tells whether it has ended, the inner one
    /// whether it ended as wished.
    async fn close(&mut self, wish_to_keep: bool) -> Result<Result<(), Error>, Error> {
        let Some(transaction) = &mut self.transaction else { return Ok(Ok(())) };
        let failed = std::mem::take(transaction.failed.get_mut());
        let keep = wish_to_keep && !failed;
        let outcome = if wish_to_keep && failed { Err(Error::RolledBack) } else { Ok(()) };
        match transaction.depth {
            0 if !*transaction.begun.get_mut() => self.transaction = None,
            0 => {
                let ended = self.command(if keep { "COMMIT" } else { "ROLLBACK" }.to_owned()).await;
                match ended {
                    // PostgreSQL rolls back when it cannot commit, unless the connection is gone.
                    Err(error) if keep && !matches!(error, Error::Connection(_)) => {
                        self.transaction = None;
                        return Ok(Err(error));
                    }
                    ended => ended?,
                }
                self.transaction = None;
            }
            depth => {
                transaction.depth -= 1;
                if !keep {
                    self.command(format!("ROLLBACK TO SAVEPOINT crow_{depth}")).await?;
                }
                self.command(format!("RELEASE SAVEPOINT crow_{depth}")).await?;
            }
        }
        Ok(outcome)
    }
}

impl TenantConn<'_> {
    async fn command(&self, sql: String) -> Result<(), Error> {
        self.run(Leaves::Together, message(self.session(), Command(sql))).await.map(|_| ())
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
