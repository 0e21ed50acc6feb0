//! The tenant that somebody named.

use std::fmt;

use super::check::Membership;
use super::principal::Principal;
use super::verified::VerifiedTenant;
use crate::error::Error;
use crate::tenant::TenantId;

/// A tenant that a request, a message or a form names: no more than what somebody said.
///
/// It opens no scope and does not give its id away. [`verify`](Self::verify) asks whether whoever said it may act for
/// that tenant, and gives a [`VerifiedTenant`], which opens one.
///
/// ```
/// use crow_core::{ClaimedTenant, Error, Principal, TenantId, VerifiedTenant};
///
/// struct Staff { shop: TenantId }
///
/// async fn verified(ada: Principal<Staff>, form: TenantId) -> Result<Option<VerifiedTenant>, Error> {
///     let works_there = |staff: Principal<Staff>, shop: TenantId| async move { Ok(staff.shop == shop) };
///     ClaimedTenant::new(form).verify(&ada, &works_there).await
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use = "a claim is worth nothing until it is verified"]
pub struct ClaimedTenant(TenantId);

impl ClaimedTenant {
    /// A claim to this tenant, whoever makes it.
    pub fn new(tenant: TenantId) -> Self {
        Self(tenant)
    }

    /// Asks whether the principal may act for this tenant; `None` if not.
    ///
    /// # Errors
    ///
    /// Those of the membership check, which then has not said yes.
    pub async fn verify<P, M: Membership<P>>(
        self,
        who: &Principal<P>,
        membership: &M,
    ) -> Result<Option<VerifiedTenant>, Error> {
        let member = membership.may_act(who.clone(), self.0).await?;
        Ok(member.then(|| VerifiedTenant::proved(self.0)))
    }
}

impl From<TenantId> for ClaimedTenant {
    fn from(tenant: TenantId) -> Self {
        Self(tenant)
    }
}

/// Whether the claim is to this tenant, for membership checks that go by what a token says.
impl PartialEq<TenantId> for ClaimedTenant {
    fn eq(&self, tenant: &TenantId) -> bool {
        self.0 == *tenant
    }
}

/// Reads the text of a UUID. What comes from outside is a claim, so this is the type for the tenant in a token or a form.
#[cfg(feature = "tower")]
impl<'de> serde::Deserialize<'de> for ClaimedTenant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

impl fmt::Debug for ClaimedTenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClaimedTenant({})", self.0)
    }
}
