//! One unit of work as pipelined messages.

use std::collections::HashSet;

use diesel::pg::{Pg, PgMetadataLookup, PgTypeMetadata};
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types;
use diesel_async::{AsyncConnectionCore, AsyncPgConnection};
use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::tenant_bind::TenantBind;

/// A fixed statement around the user's, cached by the driver under its type.
#[derive(QueryId)]
pub(super) struct Begin;
#[derive(QueryId)]
pub(super) struct Commit;
#[derive(QueryId)]
pub(super) struct Rollback;
/// Writes also where the session's or the role's transactions are read-only.
#[derive(QueryId)]
pub(super) struct BeginWriting;

/// Binds the tenant to the transaction.
///
/// A message of its own, never part of a longer text: its argument is a bind value, and proxies
/// and distributed engines forward such a text as a whole.
#[derive(QueryId)]
pub(super) struct Enter(pub(super) Uuid);

/// Binds the tenant to the transaction, for an access that is on record under this number.
#[derive(QueryId)]
pub(super) struct EnterFor(pub(super) Uuid, pub(super) i64);

impl QueryFragment<Pg> for Begin {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("BEGIN");
        Ok(())
    }
}

impl QueryFragment<Pg> for Commit {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("COMMIT");
        Ok(())
    }
}

impl QueryFragment<Pg> for Rollback {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("ROLLBACK");
        Ok(())
    }
}

impl QueryFragment<Pg> for BeginWriting {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("BEGIN READ WRITE");
        Ok(())
    }
}

impl QueryFragment<Pg> for EnterFor {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT crow.enter_for(");
        out.push_bind_param::<sql_types::Uuid, Uuid>(&self.0)?;
        out.push_sql(", ");
        out.push_bind_param::<sql_types::BigInt, i64>(&self.1)?;
        out.push_sql(")");
        Ok(())
    }
}

impl QueryFragment<Pg> for Enter {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT crow.enter(");
        out.push_bind_param::<sql_types::Uuid, Uuid>(&self.0)?;
        out.push_sql(")");
        Ok(())
    }
}

/// Prepares a message; nothing is sent before the future is polled.
pub(super) fn message<'c, Q>(mut conn: &'c AsyncPgConnection, query: Q) -> BoxFuture<'c, QueryResult<usize>>
where
    Q: QueryFragment<Pg> + QueryId,
{
    AsyncConnectionCore::execute_returning_count(&mut conn, query)
}

/// What a statement's binds say of how it can be sent.
pub(super) struct Needs {
    /// The custom types among them.
    ///
    /// Before its first use of a type on a connection the driver asks the server for the type's
    /// number, and everything that is pipelined behind the statement would overtake it meanwhile.
    pub(super) types: HashSet<String>,
    /// Whether it has to be brought into the tenant's transaction, because none of them
    /// [enters](TenantBind::entering) the tenant.
    pub(super) tenant: bool,
}

pub(super) fn needs(query: &dyn QueryFragment<Pg>) -> Needs {
    struct Names(HashSet<String>);

    impl PgMetadataLookup for Names {
        fn lookup_type(&mut self, name: &str, schema: Option<&str>) -> PgTypeMetadata {
            self.0.insert(format!("{}.{name}", schema.unwrap_or_default()));
            PgTypeMetadata::new(u32::MAX, u32::MAX)
        }
    }

    let mut names = Names(HashSet::new());
    let mut binds = RawBytesBindCollector::new();
    // A bind that cannot be serialised fails again, and is reported, when the statement is sent.
    let _ = query.collect_binds(&mut binds, &mut names, &Pg);
    Needs { types: names.0, tenant: !binds.metadata.iter().any(TenantBind::enters) }
}
