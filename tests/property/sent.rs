//! A statement as it is sent: text and bytes.

use std::cell::RefCell;
use std::sync::Once;

use crow_core::Error;
use diesel::connection::{InstrumentationEvent, set_default_instrumentation};
use diesel::pg::{Pg, PgMetadataLookup, PgQueryBuilder, PgTypeMetadata};
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::query_builder::{QueryBuilder, QueryFragment};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::value::Cells;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rendered {
    pub(crate) sql: String,
    pub(crate) binds: Vec<Bind>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bind {
    pub(crate) oid: u32,
    pub(crate) bytes: Option<Vec<u8>>,
}

impl Rendered {
    pub(crate) fn of(statement: &impl QueryFragment<Pg>) -> Self {
        let mut sql = PgQueryBuilder::default();
        statement.to_sql(&mut sql, &Pg).expect("what was built can be rendered");
        let mut binds = RawBytesBindCollector::<Pg>::new();
        statement
            .collect_binds(&mut binds, &mut OnlyKnownTypes as &mut dyn PgMetadataLookup, &Pg)
            .expect("what was built has its values");
        let binds = binds
            .metadata
            .iter()
            .zip(binds.binds)
            .map(|(ty, bytes)| Bind { oid: ty.oid().expect("a type that PostgreSQL has built in"), bytes })
            .collect();
        Self { sql: sql.finish(), binds }
    }

    pub(crate) fn around(self, before: &str, after: &str) -> Self {
        Self { sql: format!("{before}{}{after}", self.sql), ..self }
    }
}

struct OnlyKnownTypes;

impl PgMetadataLookup for OnlyKnownTypes {
    fn lookup_type(&mut self, name: &str, _: Option<&str>) -> PgTypeMetadata {
        unreachable!("no statement has a value of the type {name}")
    }
}

/// A statement about to be sent: what it says, and the sending.
pub(crate) struct Ready<'c> {
    pub(crate) rendered: Rendered,
    pub(crate) rows: BoxFuture<'c, Result<Vec<Cells>, Error>>,
}

impl<'c> Ready<'c> {
    pub(crate) fn new(
        rendered: Rendered,
        rows: impl Future<Output = Result<Vec<Cells>, Error>> + Send + 'c,
    ) -> Self {
        Self { rendered, rows: rows.boxed() }
    }
}

thread_local! {
    /// What diesel-async says it sends, on this thread.
    static SENT: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// From here on, connections that are opened say what they send.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set_default_instrumentation(|| {
            Some(Box::new(|event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::StartQuery { query, .. } = event {
                    SENT.with_borrow_mut(|sent| sent.push(query.to_string()));
                }
            }))
        })
        .expect("nobody else sets the instrumentation");
    });
}

/// What was sent on this thread since it was last asked.
pub(crate) fn heard() -> Vec<String> {
    SENT.take()
}
