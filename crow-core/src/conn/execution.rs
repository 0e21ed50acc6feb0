//! How statements run in the tenant's transaction.

use std::collections::HashSet;

use diesel::pg::Pg;
use diesel::query_builder::QueryFragment;
use diesel::result::DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
use diesel::result::Error::DatabaseError;
use diesel::result::QueryResult;
use diesel_async::{AsyncConnectionCore, AsyncPgConnection};
use futures_util::future::{BoxFuture, FutureExt, TryFutureExt};
use futures_util::join;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt, try_unfold};
use tracing::Span;

use super::flight::{Begin, Commit, Enter, EnterFor, Needs, Rollback, message, needs};
use super::observe::{Rows, Watch};
use super::session::Unfinished;
use super::tenant::TenantConn;
use crate::error::Error;
use crate::query::{Label, Loads, Statement};

impl TenantConn<'_> {
    /// Runs statements one after the other in one transaction, and loads their rows.
    pub(crate) fn load<'c, ST, U>(
        &'c self,
        label: Label,
        statements: &[impl QueryFragment<Pg>],
    ) -> BoxFuture<'c, Result<Vec<U>, Error>>
    where
        ST: Loads<U>,
        U: Send + 'static,
    {
        self.build(self.loading(label, statements), |row| ST::build(&row)).boxed()
    }

    /// Runs statements as [`load`](Self::load) does, and gives the first row.
    pub(crate) fn get_result<'c, ST, U>(
        &'c self,
        label: Label,
        statements: &[impl QueryFragment<Pg>],
    ) -> BoxFuture<'c, Result<U, Error>>
    where
        ST: Loads<U>,
        U: Send + 'static,
    {
        let rows = self.build(self.loading(label, statements), |row| ST::build(&row));
        async { rows.await?.into_iter().next().ok_or(Error::NotFound) }.boxed()
    }

    fn loading(&self, label: Label, statements: &[impl QueryFragment<Pg>]) -> Batch<'_, Stream> {
        let mut batch = Batch::new(&self.span, label);
        statements.iter().for_each(|statement| batch.load(self.session(), statement));
        batch
    }

    async fn build<U: Send>(
        &self,
        batch: Batch<'_, Stream>,
        build: fn(Row) -> QueryResult<U>,
    ) -> Result<Vec<U>, Error> {
        let mut built = Built { rows: Vec::new(), build };
        self.fill(batch, &mut built).await?;
        Ok(built.rows)
    }

    /// Runs statements one after the other in one transaction, and tells how many rows they affected.
    pub(crate) fn execute<'c>(
        &'c self,
        label: Label,
        statements: &[impl QueryFragment<Pg>],
    ) -> BoxFuture<'c, Result<usize, Error>> {
        let mut batch = Batch::new(&self.span, label);
        statements.iter().for_each(|statement| batch.execute(self.session(), statement));
        self.affect(batch)
    }

    fn affect<'c>(&'c self, batch: Batch<'c, usize>) -> BoxFuture<'c, Result<usize, Error>> {
        let Batch { watch, messages, flight } = batch;
        let statements = messages.len();
        let work = async move {
            let mut affected = 0;
            for message in messages {
                affected += message.await?;
            }
            Ok(affected)
        };
        watch.over(self.fly(statements, flight, work), |rows| Rows::Affected(*rows))
    }

    fn fill<'s>(
        &'s self,
        batch: Batch<'s, Stream>,
        sink: &'s mut (dyn Sink + 's),
    ) -> BoxFuture<'s, Result<usize, Error>> {
        let Batch { watch, messages, flight } = batch;
        let statements = messages.len();
        let work = async move {
            let mut taken = 0;
            for message in messages {
                let mut rows = message.await?;
                let mut end = Ok(());
                // All rows are taken off the wire, also if one is wanted or one is wrong: behind them stands whether
                // the statement was committed.
                while let Some(row) = rows.try_next().await? {
                    if end.is_ok() {
                        end = sink.take(row);
                        taken += 1;
                    }
                }
                end?;
            }
            Ok(taken)
        };
        watch.over(self.fly(statements, flight, work), |rows| Rows::Returned(*rows))
    }

    /// Runs a statement in the tenant's transaction and hands its rows out one by one.
    ///
    /// If it needs a COMMIT, that goes when the last row has come: sent before, its answer would wait behind
    /// rows that nobody has asked for.
    pub(crate) fn stream<'c, ST, U>(
        &'c mut self,
        label: Label,
        statement: impl QueryFragment<Pg>,
    ) -> BoxStream<'c, Result<U, Error>>
    where
        ST: Loads<U>,
        U: Send + 'static,
    {
        let this: &'c Self = self;
        let Needs { types, tenant } = needs(&statement);
        let mut watch = Watch::new(&self.span, label);
        watch.text(&statement);
        let mut conn: &'c AsyncPgConnection = this.session();
        let rows = AsyncConnectionCore::load(&mut conn, Statement(&statement));
        let build: fn(_) -> QueryResult<U> = |row| ST::build(&row);
        let opened = async move {
            let mark = this.session().begin()?;
            watch.begin();
            match this.opened(tenant, rows).await {
                Ok(rows) => {
                    this.session().learn(types);
                    Ok(Opened { mark, rows, taken: 0, watch })
                }
                Err(error) => {
                    let closed = this.closed(tenant, mark, Err(error)).await;
                    watch.end(closed.as_ref().map(|_| Rows::Returned(0)));
                    closed
                }
            }
        };
        let next = move |mut open: Opened<_>| async move {
            match open.rows.try_next().await.and_then(|row| row.map(build).transpose()) {
                Ok(Some(row)) => {
                    open.taken += 1;
                    Ok(Some((row, open)))
                }
                end => {
                    let Opened { mark, mut rows, taken, watch } = open;
                    // One row was wrong: those that are left stand before the end of the statement.
                    while let Ok(Some(_)) = rows.try_next().await {}
                    let closed = this.closed(tenant, mark, end.map(|_| None)).await;
                    watch.end(closed.as_ref().map(|_| Rows::Returned(taken)));
                    closed
                }
            }
        };
        opened.map_ok(move |rows| try_unfold(rows, next)).try_flatten_stream().boxed()
    }

    /// Begins the transaction of a stream, or joins the one that there is.
    async fn opened<T>(
        &self,
        needs_tenant: bool,
        rows: impl Future<Output = QueryResult<T>> + Send,
    ) -> QueryResult<T> {
        let Some((begin, enter)) = self.opening(needs_tenant) else { return rows.await };
        let (begin, enter, rows) = join!(begin, enter, rows);
        begin.and(enter).and(rows)
    }

    /// The messages that bring a statement into its transaction, unless others have brought theirs, or it needs no
    /// tenant outside of one because it enters. In a transaction others follow, which do not enter.
    fn opening(&self, needs_tenant: bool) -> Option<(Message<'_>, Message<'_>)> {
        let begin = match &self.transaction {
            None if !needs_tenant => return None,
            None => message(self.session(), Begin),
            Some(transaction) if transaction.begins() => transaction.begin(self.session()),
            Some(_) => return None,
        };
        Some((begin, self.enter()))
    }

    /// Ends the transaction of a stream, if it is its own.
    async fn closed<T>(
        &self,
        needs_tenant: bool,
        mark: Unfinished,
        result: QueryResult<T>,
    ) -> Result<T, Error> {
        let committed = match &self.transaction {
            None if needs_tenant => self.committed(message(self.session(), Commit).await).await,
            _ => Ok(()),
        };
        self.ended(mark, result.and_then(|value| committed.map(|()| value)))
    }

    /// Binds the transaction to the tenant.
    fn enter(&self) -> Message<'_> {
        let tenant = self.tenant().as_uuid();
        match self.access {
            None => message(self.session(), Enter(tenant)),
            Some(access) => message(self.session(), EnterFor(tenant, access)),
        }
    }

    /// What came of COMMIT. PostgreSQL has rolled back when it cannot commit, but a COMMIT that was
    /// cancelled before it ran leaves the transaction open, aborted, and has to be followed up.
    pub(super) async fn committed(&self, commit: QueryResult<usize>) -> QueryResult<()> {
        match commit {
            Err(DatabaseError(kind, info)) if !matches!(kind, ClosedConnection | UnableToSendCommand) => {
                if message(self.session(), Rollback).await.is_err() {
                    // An end that is not known marks the connection for good.
                    drop(self.session().begin());
                }
                Err(DatabaseError(kind, info))
            }
            commit => commit.map(drop),
        }
    }

    /// Runs so many statements, which `work` sends one after the other.
    async fn fly<T>(
        &self,
        statements: usize,
        flight: Flight,
        work: impl Future<Output = QueryResult<T>> + Send,
    ) -> Result<T, Error>
    where
        T: Default,
    {
        let Flight { types, tenant, writes } = flight;
        let leaves = match statements {
            0 => return Ok(T::default()),
            1 if self.session().knows(&types) => Leaves::Together,
            _ => Leaves::InTurn,
        };
        let way = Way {
            leaves,
            needs_tenant: tenant || statements > 1,
            commits: writes && self.transaction.is_none(),
        };
        let result = self.run(way, work).await?;
        self.session().learn(types);
        Ok(result)
    }

    /// Runs work in the tenant's transaction.
    ///
    /// Outside a transaction a statement that enters the tenant is a transaction of its own. Around one that does
    /// not BEGIN, enter, the work and COMMIT are polled together, in this order, and so leave in one write.
    /// Work that leaves [in turn](Leaves::InTurn) has the connection alone, and COMMIT waits for it. Inside a
    /// transaction BEGIN and enter go with the first statement.
    ///
    /// All answers are awaited also after an error: only then is it known where the connection
    /// stands, and a COMMIT that was sent ends the failed transaction as a rollback. If one of them
    /// never comes after a COMMIT that commits something was sent, the outcome is not known.
    pub(super) async fn run<T>(
        &self,
        Way { leaves, needs_tenant, commits }: Way,
        work: impl Future<Output = QueryResult<T>> + Send,
    ) -> Result<T, Error> {
        let session = self.session();
        let mut mark = session.begin()?;
        let result = match (self.opening(needs_tenant), &self.transaction, leaves) {
            (Some((begin, enter)), None, Leaves::Together) => {
                let commit = message(session, Commit);
                let _turn = session.turn.read().await;
                if commits {
                    mark.commits();
                }
                let (begin, enter, result, commit) = join!(begin, enter, work, commit);
                let committed = self.committed(commit).await;
                begin.and(enter).and(result).and_then(|value| committed.map(|()| value))
            }
            (Some((begin, enter)), None, Leaves::InTurn) => {
                let _turn = session.turn.write().await;
                let (begin, enter, result) = join!(begin, enter, work);
                let result = begin.and(enter).and(result);
                if commits && result.is_ok() {
                    mark.commits();
                }
                let committed = self.committed(message(session, Commit).await).await;
                result.and_then(|value| committed.map(|()| value))
            }
            (Some((begin, enter)), Some(_), _) => {
                let (begin, enter, result) = join!(begin, enter, work);
                begin.and(enter).and(result)
            }
            (None, transaction, leaves) => {
                let _turn = match (transaction, leaves) {
                    (Some(_), _) => (None, None),
                    (None, Leaves::Together) => (Some(session.turn.read().await), None),
                    (None, Leaves::InTurn) => (None, Some(session.turn.write().await)),
                };
                if commits {
                    mark.commits();
                }
                work.await
            }
        };
        self.ended(mark, result)
    }

    /// Ends the work, unless it broke the connection, which then stays marked.
    fn ended<T>(&self, mark: Unfinished, result: QueryResult<T>) -> Result<T, Error> {
        let refused = matches!(&result, Err(DatabaseError(..)));
        let mut result = result.map_err(Error::from);
        if let (Some(transaction), Err(error), true) = (&self.transaction, &mut result, refused) {
            transaction.fail(error);
        }
        match result {
            Err(Error::Connection(cause)) => {
                // The driver may not have seen yet that the connection is closed.
                self.session().closing("lost");
                Err(if mark.may_be_committed() {
                    Error::CommitUnknown(cause)
                } else {
                    Error::Connection(cause)
                })
            }
            _ => {
                mark.end();
                result
            }
        }
    }
}

/// A message on its way, and its answer.
type Message<'c> = BoxFuture<'c, QueryResult<usize>>;
/// Rows as the driver hands them out.
type Stream = BoxStream<'static, QueryResult<Row>>;
type Row = <AsyncPgConnection as AsyncConnectionCore>::Row<'static, 'static>;

/// Statements whose SQL and binds have been read off, and what is known of them. Nothing is generic over the
/// statements beyond this point, nor over what their rows become.
struct Batch<'c, T> {
    watch: Watch,
    messages: Vec<BoxFuture<'c, QueryResult<T>>>,
    flight: Flight,
}

struct Flight {
    types: HashSet<String>,
    tenant: bool,
    writes: bool,
}

impl<'c, T> Batch<'c, T> {
    fn new(scope: &Span, label: Label) -> Self {
        Self {
            watch: Watch::new(scope, label),
            messages: Vec::new(),
            flight: Flight { types: HashSet::new(), tenant: false, writes: label.writes() },
        }
    }

    fn push(&mut self, statement: &dyn QueryFragment<Pg>, message: BoxFuture<'c, QueryResult<T>>) {
        self.watch.text(statement);
        self.messages.push(message);
        let Needs { types, tenant } = needs(statement);
        self.flight.types.extend(types);
        self.flight.tenant |= tenant;
    }
}

impl<'c> Batch<'c, Stream> {
    fn load(&mut self, mut conn: &'c AsyncPgConnection, statement: &dyn QueryFragment<Pg>) {
        self.push(statement, AsyncConnectionCore::load(&mut conn, Statement(statement)));
    }
}

impl<'c> Batch<'c, usize> {
    fn execute(&mut self, conn: &'c AsyncPgConnection, statement: &dyn QueryFragment<Pg>) {
        self.push(statement, message(conn, Statement(statement)));
    }
}

/// Takes rows as they come.
trait Sink: Send {
    fn take(&mut self, row: Row) -> QueryResult<()>;
}

struct Built<U> {
    rows: Vec<U>,
    build: fn(Row) -> QueryResult<U>,
}

impl<U: Send> Sink for Built<U> {
    fn take(&mut self, row: Row) -> QueryResult<()> {
        self.rows.push((self.build)(row)?);
        Ok(())
    }
}

/// A stream whose rows are being taken.
struct Opened<R> {
    mark: Unfinished,
    rows: BoxStream<'static, QueryResult<R>>,
    taken: usize,
    watch: Watch,
}

/// How a piece of work travels.
pub(super) struct Way {
    pub(super) leaves: Leaves,
    /// Whether nothing in it enters the tenant, so that it has to be brought into a transaction that does.
    pub(super) needs_tenant: bool,
    /// Whether it ends with a COMMIT that something depends on.
    pub(super) commits: bool,
}

/// When the messages of a piece of work leave.
#[derive(Clone, Copy)]
pub(super) enum Leaves {
    /// All of them when it is first polled, so that others may follow at once.
    Together,
    /// Some of them later: it has several statements, or one with a type that the driver has yet to
    /// look up.
    InTurn,
}
