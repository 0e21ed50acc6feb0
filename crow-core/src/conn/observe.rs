//! What can be seen of connections and statements from outside, and the only place that shows it.
//!
//! Spans and events go to `tracing` under the target `crow`, numbers to `metrics` if that feature is
//! on. Names follow OpenTelemetry's conventions for databases where those have one. Neither is ever
//! told a bind value, SQL that may hold one, or a password; numbers are not told a tenant either, of
//! whom there are too many to label by.

use std::time::{Duration, Instant};

use diesel::pg::Pg;
use diesel::query_builder::QueryFragment;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tracing::field::{Empty, display};
use tracing::{Instrument, Level, Span};

use super::access::Access;
use super::numbers::{METRICS, change, count, measure, set};
use super::pool::PoolStatus;
use crate::error::Error;
use crate::query::{Label, sql};
use crate::tenant::TenantId;

/// The target of spans and events.
const TARGET: &str = "crow";

/// The span of a scope, in which its closure runs.
pub(super) fn scope(pool: &str, database: &str, tenant: TenantId, access: Option<i64>) -> Span {
    count("crow.scopes", || [("db.client.connection.pool.name", pool.to_owned())]);
    tracing::debug_span!(
        target: TARGET,
        "scope",
        "db.system.name" = "postgresql",
        "db.namespace" = database,
        "db.client.connection.pool.name" = pool,
        "crow.tenant.id" = %tenant,
        "crow.access.id" = access,
        "crow.checkout.seconds" = Empty,
        "error.type" = Empty,
    )
}

/// The scope took longer than it may.
pub(super) fn late(scope: &Span, error: &Error) {
    scope.record("error.type", error.kind());
    failed(error);
}

/// A wait for a connection of a pool.
pub(super) struct Wait<'a> {
    pool: &'a str,
    begun: Instant,
}

impl<'a> Wait<'a> {
    pub(super) fn begin(pool: &'a str) -> Self {
        change("db.client.connection.pending_requests", 1.0, || {
            [("db.client.connection.pool.name", pool.to_owned())]
        });
        Self { pool, begun: Instant::now() }
    }

    /// The wait is over.
    pub(super) fn end<T>(self, result: &Result<T, Error>, status: impl FnOnce() -> PoolStatus) {
        let seconds = self.begun.elapsed().as_secs_f64();
        let pool = || self.pool.to_owned();
        let span = Span::current();
        span.record("crow.checkout.seconds", seconds);
        measure("db.client.connection.wait_time", seconds, || [("db.client.connection.pool.name", pool())]);
        if let Err(error) = result {
            span.record("error.type", error.kind());
            failed(error);
        }
        if matches!(result, Err(Error::PoolTimeout)) {
            let PoolStatus { in_use, waiting, .. } = status();
            tracing::warn!(
                target: TARGET,
                { "db.client.connection.pool.name" = self.pool, in_use, waiting, seconds },
                "no connection became free in time"
            );
            count("db.client.connection.timeouts", || [("db.client.connection.pool.name", pool())]);
        } else {
            stands(self.pool, status);
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        change("db.client.connection.pending_requests", -1.0, || {
            [("db.client.connection.pool.name", self.pool.to_owned())]
        });
    }
}

/// How many connections a pool has, and what they do.
pub(super) fn stands(pool: &str, status: impl FnOnce() -> PoolStatus) {
    if !METRICS {
        return;
    }
    let PoolStatus { max_size, in_use, idle, .. } = status();
    for (state, connections) in [("used", in_use), ("idle", idle)] {
        set("db.client.connection.count", connections, || {
            [
                ("db.client.connection.pool.name", pool.to_owned()),
                ("db.client.connection.state", state.to_owned()),
            ]
        });
    }
    set("db.client.connection.max", max_size, || [("db.client.connection.pool.name", pool.to_owned())]);
}

/// A connection has been opened, after so long.
pub(super) fn opened(pool: &str, after: Duration) {
    let seconds = after.as_secs_f64();
    tracing::debug!(target: TARGET, { "db.client.connection.pool.name" = pool, seconds }, "connection opened");
    measure("db.client.connection.create_time", seconds, || {
        [("db.client.connection.pool.name", pool.to_owned())]
    });
}

/// A connection has been closed, because of this.
pub(super) fn closed(pool: &str, reason: &'static str) {
    tracing::debug!(target: TARGET, { "db.client.connection.pool.name" = pool, reason }, "connection closed");
    count("crow.connections.closed", || {
        [("db.client.connection.pool.name", pool.to_owned()), ("reason", reason.to_owned())]
    });
}

/// A transaction conflicted with another one in this attempt, and will run again after a delay.
pub(super) fn retried(attempt: u32, delay: Duration) {
    let seconds = delay.as_secs_f64();
    tracing::debug!(target: TARGET, attempt, seconds, "transaction runs again after a conflict");
    count("crow.retries", || None::<(&'static str, String)>);
}

/// An access across tenants, or to one by support, has been recorded under this number.
pub(super) fn accessed(number: i64, access: &Access, tenant: Option<TenantId>) {
    let Access { actor, reason, .. } = access;
    let mode = access.mode();
    let tenant = tenant.map(display);
    tracing::info!(
        target: TARGET,
        { "crow.access.id" = number, "crow.tenant.id" = tenant, actor, reason, mode },
        "access across tenants"
    );
    count("crow.accesses", || [("mode", mode.to_owned())]);
}

fn failed(error: &Error) {
    count("crow.errors", || [("error.type", error.kind().to_owned())]);
}

/// A statement that somebody watches; nothing if nobody does.
pub(super) struct Watch(Option<Box<Watched>>);

struct Watched {
    span: Span,
    label: Label,
    begun: Option<Instant>,
}

impl Watch {
    pub(super) fn new(scope: &Span, label: Label) -> Self {
        // Names are made when somebody reads them.
        let span = tracing::debug_span!(
            target: TARGET,
            parent: scope,
            "statement",
            "otel.kind" = "client",
            "otel.name" = display(label),
            "db.system.name" = "postgresql",
            "db.operation.name" = label.operation,
            "db.collection.name" = label.table().map(display),
            "db.response.returned_rows" = Empty,
            "crow.affected_rows" = Empty,
            "crow.flight.seconds" = Empty,
            "error.type" = Empty,
        );
        let watched = METRICS || !span.is_disabled();
        Self(watched.then(|| Box::new(Watched { span, label, begun: None })))
    }

    /// Shows the text of the statement, which has placeholders where its values go.
    pub(super) fn text(&self, statement: &dyn QueryFragment<Pg>) {
        if let Some(Watched { span, label, .. }) = self.0.as_deref()
            && label.has_text()
            && tracing::enabled!(target: TARGET, Level::TRACE)
        {
            tracing::trace!(target: TARGET, parent: span, { "db.query.text" = sql(statement) }, "statement");
        }
    }

    /// The work of the statement, watched from when it is first polled.
    pub(super) fn over<'c, T: Send + 'c>(
        self,
        work: impl Future<Output = Result<T, Error>> + Send + 'c,
        rows: fn(&T) -> Rows,
    ) -> BoxFuture<'c, Result<T, Error>> {
        let Some(watched) = &self.0 else { return work.boxed() };
        let span = watched.span.clone();
        let watched_work = async move {
            let mut statement = self;
            statement.begin();
            let result = work.await;
            statement.end(result.as_ref().map(rows));
            result
        };
        watched_work.instrument(span).boxed()
    }

    pub(super) fn begin(&mut self) {
        if let Some(watched) = &mut self.0 {
            watched.begun = Some(Instant::now());
        }
    }

    pub(super) fn end(mut self, result: Result<Rows, &Error>) {
        let Some(mut watched) = self.0.take() else { return };
        if let Err(error) = result {
            failed(error);
        }
        watched.end(result.map_err(Error::kind));
    }
}

impl Drop for Watch {
    /// It did not come to its end.
    fn drop(&mut self) {
        if let Some(watched) = &mut self.0 {
            watched.end(Err("dropped"));
        }
    }
}

/// How many rows a statement gave, or wrote.
#[derive(Clone, Copy)]
pub(super) enum Rows {
    Returned(usize),
    Affected(usize),
}

impl Watched {
    fn end(&mut self, result: Result<Rows, &'static str>) {
        // What was never polled was never sent.
        let Some(begun) = self.begun.take() else { return };
        let seconds = begun.elapsed().as_secs_f64();
        self.span.record("crow.flight.seconds", seconds);
        match result {
            Ok(Rows::Returned(rows)) => self.span.record("db.response.returned_rows", rows),
            Ok(Rows::Affected(rows)) => self.span.record("crow.affected_rows", rows),
            Err(kind) => self.span.record("error.type", kind),
        };
        measure("db.client.operation.duration", seconds, || {
            let table = self.label.table().map(|table| ("db.collection.name", table.to_string()));
            let error = result.err().map(|kind| ("error.type", kind.to_owned()));
            [("db.operation.name", self.label.operation.to_owned())].into_iter().chain(table).chain(error)
        });
    }
}
