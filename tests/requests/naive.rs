//! What people write by hand, each without one of the protections.

use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crow_core::request::{Identify, Refusal, Resolver};
use crow_core::{ClaimedTenant, Principal, TenantId};
use http::HeaderMap;
use http::request::Parts;
use serde_json::Value;

use crate::issuer::{RSA, hmac_sha256};
use crate::service::Staff;

/// Finds a token in a request and takes it for good if a function says so of its algorithm, its message and its signature.
pub(crate) struct NaiveTokens {
    find: fn(&Parts) -> Option<&str>,
    good: fn(&str, &[u8], &[u8]) -> bool,
}

impl NaiveTokens {
    /// Believes whatever it is told.
    pub(crate) const UNVERIFIED: Self = Self { find: last_bearer, good: |_, _, _| true };

    /// Takes `none` for an algorithm.
    pub(crate) const NONE_ALLOWED: Self = Self {
        find: last_bearer,
        good: |algorithm, _, signature| algorithm == "none" && signature.is_empty(),
    };

    /// Lets the token choose the algorithm for the one key that it has, an RSA public key.
    pub(crate) const ALGORITHM_OF_THE_TOKEN: Self = Self {
        find: last_bearer,
        good: |algorithm, message, signature| {
            algorithm == "HS256" && hmac_sha256(RSA.as_bytes(), message) == signature
        },
    };

    /// Takes the token from a cookie, whoever made the browser send it.
    pub(crate) const COOKIE: Self = Self { find: last_cookie, good: |_, _, _| true };
}

fn last_bearer(parts: &Parts) -> Option<&str> {
    last(&parts.headers, "authorization")?.strip_prefix("Bearer ")
}

fn last_cookie(parts: &Parts) -> Option<&str> {
    last(&parts.headers, "cookie")?.rsplit("session=").next()
}

impl Identify for NaiveTokens {
    type Principal = Staff;

    async fn identify(&self, parts: &Parts) -> Result<Option<Staff>, Refusal> {
        Ok((self.find)(parts).and_then(|token| {
            let (message, signature) = token.rsplit_once('.')?;
            let (header, claims) = message.split_once('.')?;
            let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
            let header: Value = serde_json::from_slice(&decoded(header)?).ok()?;
            let good = (self.good)(header["alg"].as_str()?, message.as_bytes(), &decoded(signature)?);
            good.then(|| serde_json::from_slice(&decoded(claims)?).ok()).flatten()
        }))
    }
}

/// Finds the tenant by a function over the head of the request.
pub(crate) struct Naive<P, F>(F, PhantomData<fn(&P)>);

impl<P, F: Fn(&Parts) -> Option<TenantId>> Naive<P, F> {
    pub(crate) fn new(find: F) -> Self {
        Self(find, PhantomData)
    }
}

impl<P, F> Resolver<P> for Naive<P, F>
where
    P: Send + Sync + 'static,
    F: Fn(&Parts) -> Option<TenantId> + Send + Sync + 'static,
{
    async fn resolve(&self, parts: &Parts, _: &Principal<P>) -> Result<Option<ClaimedTenant>, Refusal> {
        Ok((self.0)(parts).map(ClaimedTenant::new))
    }
}

pub(crate) fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(name).iter().next_back()?.to_str().ok()
}
