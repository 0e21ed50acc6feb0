//! Who asks, by a key of its own.

use std::fmt;

use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use ring::digest::{SHA256, digest};

use super::credentials::single;
use super::identify::Identify;
use super::refusal::Refusal;
use crate::error::Error;

/// Identifies a program by an API key in a header such as `x-api-key`.
///
/// The lookup is given the digest of the key and says whose it is, before any tenant is known; `None` for a key that
/// nobody has. It is for a role that may not enter tenants, and one function in the database that answers this question and no
/// other: [the guide](crate::guide::requests) has it.
///
/// ```
/// # use crow_core::{Error, TenantId, request::{ApiKey, KeyDigest}};
/// struct Program { shop: TenantId }
///
/// # async fn owner_of(digest: KeyDigest) -> Result<Option<Program>, Error> { Ok(None) }
/// let programs = ApiKey::header("x-api-key", async |digest: KeyDigest| owner_of(digest).await)?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct ApiKey<F> {
    header: HeaderName,
    lookup: F,
}

impl<F> ApiKey<F> {
    /// Keys in this header, looked up like this.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if this is no name of a header.
    pub fn header<P, Fut>(header: &'static str, lookup: F) -> Result<Self, Error>
    where
        F: Fn(KeyDigest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<P>, Error>> + Send,
    {
        let header = HeaderName::try_from(header)
            .map_err(|_| Error::Invalid("this is no name of a header: write `x-api-key`".into()))?;
        Ok(Self { header, lookup })
    }
}

impl<F, P, Fut> Identify for ApiKey<F>
where
    F: Fn(KeyDigest) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<P>, Error>> + Send,
    P: Send + Sync + 'static,
{
    type Principal = P;

    async fn identify(&self, parts: &Parts) -> Result<Option<P>, Refusal> {
        let Some(key) = single(&parts.headers, &self.header)? else { return Ok(None) };
        if !(20..=256).contains(&key.len()) {
            return Err(Refusal::Credentials(
                "no API key has this length, which is 20 to 256 characters".into(),
            ));
        }
        match (self.lookup)(KeyDigest::of(key)).await? {
            Some(principal) => Ok(Some(principal)),
            None => Err(Refusal::Credentials("nobody has this API key".into())),
        }
    }

    fn challenge(&self) -> Option<HeaderValue> {
        Some(HeaderValue::from_static("ApiKey"))
    }
}

impl<F> fmt::Debug for ApiKey<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("header", &self.header).finish_non_exhaustive()
    }
}

/// The SHA-256 of an API key: what is stored of it, and looked up.
///
/// Keys are long and random, so that nobody guesses one from its digest; and since the database compares digests, the time
/// that it takes says nothing about keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// The digest of this key, to be stored when it is issued.
    pub fn of(key: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, key.as_bytes()).as_ref());
        Self(bytes)
    }

    /// The digest for a column of type `bytea`.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
