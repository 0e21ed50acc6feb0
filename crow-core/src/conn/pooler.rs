//! What a pooling proxy between here and the server does to sessions.
//!
//! One that pools transactions, such as PgBouncer with `pool_mode = transaction`, gives each
//! transaction of a connection some session or other. That is fine for tenants, who are bound to
//! their transaction, as long as the proxy brings prepared statements along. If it does not, a
//! statement is sometimes missing where it is run, and sometimes another one has its name.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::Bool;
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::flight::message;
use crate::error::Error;

/// How often a prepared statement is run to see whether it stays. A proxy that deals its sessions
/// out in turn is caught by two runs in a row; one more is for others that use it meanwhile.
const RUNS: usize = 3;

/// The statement that is looked for. It begins as nobody else's does.
const STATEMENT: &str = "SELECT 'crow: is this session shared?'";

/// Raises if somebody else's statements are in a session that should be new. The names are those
/// that tokio-postgres gives; a proxy that knows of prepared statements has its own.
pub(super) const UNSHARED: &str = "DO $$ BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_prepared_statements \
    WHERE NOT from_sql AND name OPERATOR(pg_catalog.~) '^s[0-9]+$') THEN \
    RAISE 'another client has prepared statements in this session' USING CONSTRAINT = 'crow.shared_session'; \
    END IF; END $$;";

/// Refuses a proxy that shares sessions and does not bring prepared statements along.
///
/// `witness` opens another connection, which looks for what is not its own. Between two clients a
/// proxy that hands out the session used last shows one the other's statement; one that goes round
/// loses the statement of a client that comes twice; with a single session the first holds again.
pub(super) async fn keeps_statements<W>(
    conn: &AsyncPgConnection,
    witness: impl Future<Output = Result<W, Error>>,
) -> Result<(), Error> {
    run(conn).await?;
    // Where there is no room for a witness the rest decides.
    if let Err(error @ Error::Invalid(_)) = witness.await {
        return Err(error);
    }
    for _ in 0..RUNS {
        run(conn).await?;
    }
    Ok(())
}

/// Refuses a proxy that pools transactions, whatever it knows of prepared statements.
pub(super) async fn keeps_session(conn: &mut &AsyncPgConnection) -> Result<(), Error> {
    run(conn).await?;
    // A proxy that brings statements along renames them.
    let look = format!(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_prepared_statements \
         WHERE statement = '{}' AND name OPERATOR(pg_catalog.~) '^s[0-9]+$') AS found",
        STATEMENT.replace('\'', "''")
    );
    let Found { found } = sql_query(look).get_result(conn).await?;
    if found {
        return Ok(());
    }
    Err(Error::Invalid(
        "an access across tenants is marked in its session, and the pooler between here and PostgreSQL gives each \
         transaction another one: let it pool sessions for this role (PgBouncer: `crow_admin = pool_mode=session` in \
         [users]), or connect the `AdminPool` to PostgreSQL itself"
            .into(),
    ))
}

async fn run(conn: &AsyncPgConnection) -> Result<(), Error> {
    Ok(message(conn, Probe).await.map(drop)?)
}

/// Stays prepared as long as the connection is open.
#[derive(QueryId)]
struct Probe;

impl QueryFragment<Pg> for Probe {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(STATEMENT);
        Ok(())
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    found: bool,
}
