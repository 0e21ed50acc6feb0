//! The tenant that somebody may act for.

use std::fmt;

use crate::seal::Seal;
use crate::tenant::TenantId;

/// A tenant for which whoever asks has been found to be a member.
///
/// Made by [`ClaimedTenant::verify`](crate::ClaimedTenant::verify), and by opening a `TenantJob` that was signed where the tenant
/// was known. Nothing else makes one, so a function that takes one can rely on it:
///
/// ```
/// # use crow_core::{Error, TenantPool, VerifiedTenant};
/// async fn close_the_books(pool: &TenantPool, shop: VerifiedTenant) -> Result<(), Error> {
///     pool.transaction(shop, async |tx| {
///         // ..
/// #       let _ = tx;
///         Ok(())
///     })
///     .await
/// }
/// ```
///
/// It can be copied into a task or a closure. It is not serialised, since what comes back would be a claim again.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VerifiedTenant(TenantId);

impl VerifiedTenant {
    pub(crate) fn proved(tenant: TenantId) -> Self {
        Self(tenant)
    }

    /// Which tenant it is.
    pub fn id(self) -> TenantId {
        self.0
    }
}

impl fmt::Display for VerifiedTenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for VerifiedTenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedTenant({})", self.0)
    }
}

/// What a pool opens a scope for: a [`VerifiedTenant`], or a [`TenantId`] for which the caller vouches.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not open a scope",
    label = "nobody has proved that whoever asks may act for this tenant",
    note = "a `ClaimedTenant` is what somebody said: `claim.verify(&principal, &membership)` makes it a `VerifiedTenant`, as \
            does `request::TenantLayer` for each request",
    note = "where the program itself chooses the tenant, pass a `TenantId`"
)]
pub trait OpensScope: Send {
    #[doc(hidden)]
    fn __only_crow_implements_this(self, _: Seal) -> TenantId;
}

impl OpensScope for VerifiedTenant {
    fn __only_crow_implements_this(self, _: Seal) -> TenantId {
        self.0
    }
}

impl OpensScope for TenantId {
    fn __only_crow_implements_this(self, _: Seal) -> TenantId {
        self
    }
}
