//! Whether a live database keeps tenants apart.

mod attest;
mod finding;

pub(crate) use attest::{attest, attest_admin};
pub use finding::{Finding, Severity};
