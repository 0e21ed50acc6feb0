//! For which tenant somebody asks.

use http::request::Parts;

use super::refusal::Refusal;
use crate::membership::{ClaimedTenant, Principal};

/// Finds the tenant that a request names: a claim, and no more than that.
///
/// It is asked once it is known who asks, so that nobody else learns anything from it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not find the tenant of a request",
    label = "no resolver for requests of this kind of principal",
    note = "take a `Subdomain`, a `PathSegment`, a `TrustedHeader`, `of_principal(|p: &P| ..)` with the `P` that requests are \
            identified as, or join several by `all`, `first` and `required`"
)]
pub trait Resolver<P>: Send + Sync + 'static {
    /// The tenant that the request names; `None` if it names none in this way.
    ///
    /// # Errors
    ///
    /// [`Refusal::Malformed`] if it names one in a way that cannot be understood, [`Refusal::UnknownTenant`] if nobody has
    /// that name, [`Refusal::Failed`] if it could not be found out.
    fn resolve(
        &self,
        parts: &Parts,
        who: &Principal<P>,
    ) -> impl Future<Output = Result<Option<ClaimedTenant>, Refusal>> + Send;
}
