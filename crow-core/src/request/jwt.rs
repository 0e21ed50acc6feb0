//! Who asks, by a signed token.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use http::header::HeaderValue;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::cookie::cookie;
use super::credentials::bearer;
use super::identify::Identify;
use super::keys::KeySet;
use super::refusal::Refusal;
use super::token::{Expected, claims};

/// Identifies whoever asks by a JSON Web Token in `Authorization: Bearer`, or also in a cookie.
///
/// A token is good if a key of the set has signed it with the algorithm of that key, if it is from this issuer and for
/// this audience, and if its time has come and is not over; it has to say all of that but when it begins (`nbf`). Its
/// claims become the principal: a type of the application's that serde can read, without fields for what is checked here.
///
/// ```
/// # use crow_core::{ClaimedTenant, Error, request::{Key, KeySet, Jwt}};
/// #[derive(serde::Deserialize)]
/// struct Staff {
///     sub: String,
///     shop: ClaimedTenant,
/// }
///
/// # fn example(pem: &str) -> Result<(), Error> {
/// let keys = KeySet::new([Key::es256("2026-01", pem)?])?;
/// let staff = Jwt::<Staff>::new(keys, "https://id.example.com", "shops");
/// # Ok(()) }
/// ```
pub struct Jwt<C> {
    keys: KeySet,
    expected: Expected,
    cookie: Option<String>,
    longest: usize,
    _claims: PhantomData<fn() -> C>,
}

impl<C> Jwt<C> {
    /// Tokens signed with one of these keys, by this issuer, for this audience.
    pub fn new(keys: KeySet, issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        let expected =
            Expected { issuer: issuer.into(), audience: audience.into(), leeway: Duration::from_secs(30) };
        Self { keys, expected, cookie: None, longest: 8 * 1024, _claims: PhantomData }
    }

    /// By how much the clocks of issuer and service may differ; 30 seconds by default.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.expected.leeway = leeway;
        self
    }

    /// The longest token that is looked at, in bytes; 8192 by default.
    pub fn longest(mut self, bytes: usize) -> Self {
        self.longest = bytes;
        self
    }

    /// Takes the token from this cookie as well, for pages. A request with both is refused.
    ///
    /// Browsers send cookies along with what other sites make them ask, and to a browser two tenants below one domain are the
    /// same site. So with a cookie a request that could change something, or opens a websocket, has to come from a page of
    /// the same origin, as `Sec-Fetch-Site` or `Origin` says. Call it `__Host-…`: then no other subdomain can set it.
    pub fn or_cookie(mut self, name: impl Into<String>) -> Self {
        self.cookie = Some(name.into());
        self
    }

    fn token<'a>(&self, parts: &'a Parts) -> Result<Option<&'a str>, Refusal> {
        let cookie = match &self.cookie {
            Some(name) => cookie(parts, name)?,
            None => None,
        };
        match (bearer(parts)?, cookie) {
            (Some(_), Some(_)) => {
                Err(Refusal::malformed("it has a token in `Authorization` and one in a cookie"))
            }
            (header, cookie) => Ok(header.or(cookie)),
        }
    }
}

impl<C: DeserializeOwned + Send + Sync + 'static> Identify for Jwt<C> {
    type Principal = C;

    async fn identify(&self, parts: &Parts) -> Result<Option<C>, Refusal> {
        let Some(token) = self.token(parts)? else { return Ok(None) };
        if token.len() > self.longest {
            return Err(Refusal::malformed(format!("its token is longer than {} bytes", self.longest)));
        }
        claims(token, &self.keys, &self.expected).map(Some).map_err(Refusal::Credentials)
    }

    fn challenge(&self) -> Option<HeaderValue> {
        Some(HeaderValue::from_static("Bearer"))
    }
}

impl<C> Clone for Jwt<C> {
    fn clone(&self) -> Self {
        Self {
            keys: self.keys.clone(),
            expected: self.expected.clone(),
            cookie: self.cookie.clone(),
            longest: self.longest,
            _claims: PhantomData,
        }
    }
}

impl<C> fmt::Debug for Jwt<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt")
            .field("keys", &self.keys)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}
