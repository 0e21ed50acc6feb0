//! Whether a live database keeps tenants apart, and what mends it where it does not.
//!
//! [`run`] asks every question over one connection, of the owner, the admin or the application; a
//! [`TenantPool`](crate::TenantPool) asks those that it cannot do without when it opens, and all of them with
//! [`audit`](crate::TenantPool::audit). The guide's page on [the audit](crate::guide::audit) lists the rules.
//!
//! ```no_run
//! use crow_core::audit::{self, Severity};
//! use diesel_async::{AsyncConnection, AsyncPgConnection};
//!
//! # async fn test() -> Result<(), Box<dyn std::error::Error>> {
//! let mut conn = AsyncPgConnection::establish("postgresql://crow_migrator:…@localhost/shop").await?;
//! let report = audit::run(&mut conn).await?;
//! assert!(report.worst() <= Some(Severity::Info), "{report}");
//! # Ok(()) }
//! ```

#[cfg(feature = "report")]
mod acceptance;
mod attest;
mod finding;
mod format;
mod question;
mod report;
mod rule;

#[cfg(feature = "report")]
pub use acceptance::Acceptances;
pub(crate) use attest::{attest, attest_admin};
pub use finding::{Finding, InvalidSeverity, Severity};
pub use question::{Audit, run};
pub use report::{AcceptedFinding, Report};
pub use rule::{Rule, rules};
