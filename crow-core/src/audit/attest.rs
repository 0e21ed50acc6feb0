//! What a pool makes sure of before it opens.

use diesel::QueryableByName;
use diesel::sql_types::{Array, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::finding::{Finding, Severity};
use crate::error::Error;
use crate::model::{Protection, models};
use crate::schema::{ATTEST_ADMIN_SQL, ATTEST_SQL};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    rule: String,
    #[diesel(sql_type = Text)]
    severity: String,
    #[diesel(sql_type = Text)]
    object: String,
    #[diesel(sql_type = Text)]
    problem: String,
    #[diesel(sql_type = Text)]
    cure: String,
}

impl From<Row> for Finding {
    fn from(Row { rule, severity, object, problem, cure }: Row) -> Self {
        let severity = if severity == "critical" { Severity::Critical } else { Severity::High };
        Self { rule, severity, object, problem, cure }
    }
}

/// Refuses a role or a database with which a tenant could see another's rows.
pub(crate) async fn attest(conn: &mut &AsyncPgConnection) -> Result<(), Error> {
    let tables = |protection| {
        models().filter(|entry| entry.protection == protection).map(|entry| entry.table()).collect::<Vec<_>>()
    };
    let query = diesel::sql_query(ATTEST_SQL)
        .bind::<Array<Text>, _>(tables(Protection::Tenant))
        .bind::<Array<Text>, _>(tables(Protection::Shared));
    judge(query.load(conn).await?)
}

/// Refuses a role that is not the admin's.
pub(crate) async fn attest_admin(conn: &mut &AsyncPgConnection) -> Result<(), Error> {
    judge(diesel::sql_query(ATTEST_ADMIN_SQL).load(conn).await?)
}

fn judge(rows: Vec<Row>) -> Result<(), Error> {
    let (critical, rest): (Vec<Finding>, Vec<Finding>) =
        rows.into_iter().map(Finding::from).partition(|finding| finding.severity == Severity::Critical);
    for finding in rest {
        tracing::warn!(rule = finding.rule, "{finding}");
    }
    if critical.is_empty() { Ok(()) } else { Err(Error::Unsafe(critical)) }
}
