//! Who asks.

use http::header::HeaderValue;
use http::request::Parts;

use super::refusal::Refusal;

/// Finds out who sends a request, before anything is asked about tenants.
///
/// ```
/// use crow_core::request::{Identify, Refusal};
/// use http::request::Parts;
///
/// /// A gateway checks certificates, removes this extension from what comes from outside, and sets it.
/// #[derive(Clone)]
/// struct ClientCertificate { subject: String }
///
/// struct ByCertificate;
///
/// impl Identify for ByCertificate {
///     type Principal = ClientCertificate;
///
///     async fn identify(&self, parts: &Parts) -> Result<Option<ClientCertificate>, Refusal> {
///         Ok(parts.extensions.get().cloned())
///     }
/// }
/// ```
pub trait Identify: Send + Sync + 'static {
    /// What is known of whoever asks.
    type Principal: Send + Sync + 'static;

    /// Who asks; `None` if the request does not say so in this way.
    ///
    /// # Errors
    ///
    /// [`Refusal::Credentials`] if it says so and it is not proved, [`Refusal::Malformed`] if it cannot be understood,
    /// [`Refusal::Failed`] if it could not be found out.
    fn identify(
        &self,
        parts: &Parts,
    ) -> impl Future<Output = Result<Option<Self::Principal>, Refusal>> + Send;

    /// What a 401 says about how to prove who asks: `WWW-Authenticate`.
    fn challenge(&self) -> Option<HeaderValue> {
        None
    }

    /// Asks another way if this one finds nothing in the request. What is found and not valid is refused all the same.
    fn or<O: Identify<Principal = Self::Principal>>(self, other: O) -> Either<Self, O>
    where
        Self: Sized,
    {
        Either { first: self, second: other }
    }

    /// Lets through, as `None`, who does not say who they are. The membership check has to say what they may do; a guest who
    /// may not is answered as a member of another tenant is, with 403, whether or not the tenant exists.
    fn or_guest(self) -> OrGuest<Self>
    where
        Self: Sized,
    {
        OrGuest(self)
    }
}

/// Who asks, said in one of two ways: [`Identify::or`].
#[derive(Debug, Clone)]
pub struct Either<A, B> {
    first: A,
    second: B,
}

impl<A: Identify, B: Identify<Principal = A::Principal>> Identify for Either<A, B> {
    type Principal = A::Principal;

    async fn identify(&self, parts: &Parts) -> Result<Option<A::Principal>, Refusal> {
        match self.first.identify(parts).await? {
            Some(principal) => Ok(Some(principal)),
            None => self.second.identify(parts).await,
        }
    }

    fn challenge(&self) -> Option<HeaderValue> {
        match (self.first.challenge(), self.second.challenge()) {
            (Some(first), Some(second)) => {
                let both = [first.as_bytes(), b", ", second.as_bytes()].concat();
                HeaderValue::from_bytes(&both).ok()
            }
            (first, second) => first.or(second),
        }
    }
}

/// Who asks, if they say so: [`Identify::or_guest`].
#[derive(Debug, Clone)]
pub struct OrGuest<I>(I);

impl<I: Identify> Identify for OrGuest<I> {
    type Principal = Option<I::Principal>;

    async fn identify(&self, parts: &Parts) -> Result<Option<Option<I::Principal>>, Refusal> {
        self.0.identify(parts).await.map(Some)
    }

    fn challenge(&self) -> Option<HeaderValue> {
        self.0.challenge()
    }
}
