//! What a pool makes sure of before it opens.

use std::sync::LazyLock;

use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::finding::{Finding, Severity};
use super::question::{Audit, Tables};
use super::rule::{Found, findings, in_order};
use crate::error::Error;

/// Refuses a role or a database with which a tenant could see another's rows.
pub(crate) async fn attest(conn: &mut &AsyncPgConnection) -> Result<(), Error> {
    static SQL: LazyLock<String> = LazyLock::new(|| findings(|rule| rule.of_tenant_pool));
    judge(Audit::of_whoever_asks(Tables::of_models()).bind(&SQL, None).load(conn).await?)
}

/// Refuses a role that is not the admin's.
pub(crate) async fn attest_admin(conn: &mut &AsyncPgConnection) -> Result<(), Error> {
    static SQL: LazyLock<String> = LazyLock::new(|| findings(|rule| rule.of_admin_pool));
    judge(Audit::of_whoever_asks(Tables::default()).bind(&SQL, None).load(conn).await?)
}

fn judge(found: Vec<Found>) -> Result<(), Error> {
    let (critical, rest): (Vec<Finding>, Vec<Finding>) =
        in_order(found).into_iter().partition(|finding| finding.severity == Severity::Critical);
    for finding in rest {
        tracing::warn!(rule = finding.rule, "{finding}");
    }
    if critical.is_empty() { Ok(()) } else { Err(Error::Unsafe(critical)) }
}
