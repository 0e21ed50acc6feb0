//! Several ways to name a tenant.

use http::request::Parts;

use super::refusal::Refusal;
use super::resolver::Resolver;
use crate::membership::{ClaimedTenant, Principal};

/// Asks both; where both find a tenant, it has to be the same one.
///
/// ```
/// # use crow_core::{ClaimedTenant, Error, request::{Subdomain, all, of_principal, required}};
/// # struct Staff { shop: Option<ClaimedTenant> }
/// # fn example(directory: impl crow_core::request::Names) -> Result<(), Error> {
/// // The host names the shop, and a token may, in which case it is for that shop alone.
/// let shop = all(
///     required(Subdomain::of("shops.example.com", directory)?),
///     of_principal(|staff: &Staff| staff.shop),
/// );
/// # Ok(()) }
/// ```
pub fn all<A, B>(first: A, second: B) -> All<A, B> {
    All { first, second }
}

/// Asks the second one if the first finds nothing. What the first finds and refuses is refused.
pub fn first<A, B>(first: A, second: B) -> First<A, B> {
    First { first, second }
}

/// Refuses a request that does not name a tenant in this way, whatever others find.
pub fn required<R>(resolver: R) -> Required<R> {
    Required(resolver)
}

/// Two that have to agree: [`all`].
#[derive(Debug, Clone)]
pub struct All<A, B> {
    first: A,
    second: B,
}

impl<P: Send + Sync, A: Resolver<P>, B: Resolver<P>> Resolver<P> for All<A, B> {
    async fn resolve(&self, parts: &Parts, who: &Principal<P>) -> Result<Option<ClaimedTenant>, Refusal> {
        let first = self.first.resolve(parts, who).await?;
        let second = self.second.resolve(parts, who).await?;
        match (first, second) {
            (Some(first), Some(second)) if first != second => Err(Refusal::Disagreement),
            (first, second) => Ok(first.or(second)),
        }
    }
}

/// Two that are asked in turn: [`first()`].
#[derive(Debug, Clone)]
pub struct First<A, B> {
    first: A,
    second: B,
}

impl<P: Send + Sync, A: Resolver<P>, B: Resolver<P>> Resolver<P> for First<A, B> {
    async fn resolve(&self, parts: &Parts, who: &Principal<P>) -> Result<Option<ClaimedTenant>, Refusal> {
        match self.first.resolve(parts, who).await? {
            Some(claim) => Ok(Some(claim)),
            None => self.second.resolve(parts, who).await,
        }
    }
}

/// One that has to find a tenant: [`required`].
#[derive(Debug, Clone)]
pub struct Required<R>(R);

impl<P: Send + Sync, R: Resolver<P>> Resolver<P> for Required<R> {
    async fn resolve(&self, parts: &Parts, who: &Principal<P>) -> Result<Option<ClaimedTenant>, Refusal> {
        self.0.resolve(parts, who).await?.map(Some).ok_or(Refusal::NoTenant)
    }
}
