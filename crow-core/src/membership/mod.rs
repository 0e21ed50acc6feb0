//! From what somebody says to a tenant that is proved.

mod check;
mod claimed;
mod principal;
mod verified;

pub use check::Membership;
pub use claimed::ClaimedTenant;
pub use principal::Principal;
pub use verified::{OpensScope, VerifiedTenant};
