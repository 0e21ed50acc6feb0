//! Why a request is not let through.

use std::borrow::Cow;

use crate::error::Error;

/// Why a request is refused before a handler sees it.
///
/// The text is for whoever reads the log. The answer, a [`Problem`](super::Problem), tells less: whether a tenant
/// exists, and which it is, is not to be learned from it. Neither has anything in it that the request holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing in the request says who asks. 401.
    #[error(
        "nothing in the request says who asks in a way that is read here, such as `Authorization: Bearer ..`"
    )]
    Unidentified,

    /// What should say who asks is not valid. 401.
    #[error("who asks is not proved: {0}")]
    Credentials(Cow<'static, str>),

    /// A part of the request that names a tenant or who asks is malformed, doubled, oversized or contradicts another. 400.
    #[error("the request is malformed: {0}")]
    Malformed(Cow<'static, str>),

    /// The request is for a host that this service is not. 421.
    #[error("the request is for another host than those below which tenants are")]
    Misdirected,

    /// A browser sent a cookie along with what another site made it ask. 403.
    #[error("the cookie came with a request of another site: {0}")]
    CrossSite(Cow<'static, str>),

    /// Nothing in the request names a tenant. 400.
    #[error("nothing in the request names a tenant")]
    NoTenant,

    /// The directory knows no tenant by this name. 403, as if the tenant existed.
    #[error("no tenant has the name that the request gives")]
    UnknownTenant,

    /// Parts of the request name different tenants. 403.
    #[error("parts of the request name different tenants")]
    Disagreement,

    /// The principal may not act for the tenant, or, behind an [`AdminLayer`](super::AdminLayer), not across tenants. 403.
    #[error("the principal may not act for what it asks for")]
    NotAMember,

    /// It could not be found out. The answer is that of the error.
    #[error("it could not be found out: {0}")]
    Failed(#[from] Error),
}

impl Refusal {
    /// The reason in a few words, of a fixed few.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Unidentified => "unidentified",
            Self::Credentials(_) => "credentials",
            Self::Malformed(_) => "malformed",
            Self::Misdirected => "misdirected",
            Self::CrossSite(_) => "cross_site",
            Self::NoTenant => "no_tenant",
            Self::UnknownTenant => "unknown_tenant",
            Self::Disagreement => "disagreement",
            Self::NotAMember => "not_a_member",
            Self::Failed(error) => error.kind(),
        }
    }

    pub(super) fn malformed(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Malformed(why.into())
    }
}
