//! The way from a request to a verified tenant.

use std::fmt;
use std::sync::Arc;

use http::header::HeaderValue;
use http::request::Parts;
use tower_layer::Layer;

use super::gate::{Gate, Gated};
use super::identify::Identify;
use super::refusal::Refusal;
use super::resolver::Resolver;
use crate::conn::{TenantPool, TenantScope};
use crate::membership::{Membership, Principal, VerifiedTenant};

/// Lets a request through if it is known who asks, for which tenant, and that one may act for the other.
///
/// There is none without a membership check. Behind it the extensions of each request hold a
/// [`TenantScope`] on the pool, a [`VerifiedTenant`] and the [`Principal`]. Refused requests are answered with a
/// [`Problem`](super::Problem), and an event of `tracing` tells why.
///
/// ```
/// # use crow_core::{ClaimedTenant, Error, Principal, TenantId, TenantPool};
/// # use crow_core::request::{Directory, Jwt, KeySet, Subdomain, TenantLayer};
/// #[derive(serde::Deserialize)]
/// struct Staff {
///     shops: Vec<ClaimedTenant>,
/// }
///
/// # async fn shop_by_slug(slug: &str) -> Result<Option<TenantId>, Error> { Ok(None) }
/// # fn example(pool: TenantPool, keys: KeySet) -> Result<(), Error> {
/// let tenants = TenantLayer::new(
///     pool,
///     Jwt::<Staff>::new(keys, "https://id.example.com", "shops"),
///     Subdomain::of("shops.example.com", Directory::new(async |slug: String| shop_by_slug(&slug).await))?,
///     async |staff: Principal<Staff>, shop: TenantId| Ok(staff.shops.contains(&shop.into())),
/// );
/// # Ok(()) }
/// ```
pub struct TenantLayer<I, R, M>(Arc<Way<I, R, M>>);

/// The way that a request goes.
pub struct Way<I, R, M> {
    pool: TenantPool,
    identify: I,
    resolver: R,
    membership: M,
}

impl<I, R, M> TenantLayer<I, R, M>
where
    I: Identify,
    R: Resolver<I::Principal>,
    M: Membership<I::Principal> + 'static,
{
    /// Who asks, for which tenant, and whether they may; and the pool on which scopes are opened.
    pub fn new(pool: TenantPool, identify: I, resolver: R, membership: M) -> Self {
        Self(Arc::new(Way { pool, identify, resolver, membership }))
    }
}

impl<I, R, M> Gate for Way<I, R, M>
where
    I: Identify,
    R: Resolver<I::Principal>,
    M: Membership<I::Principal> + 'static,
{
    async fn pass(&self, parts: &mut Parts) -> Result<(), Refusal> {
        let who = self.identify.identify(parts).await?.ok_or(Refusal::Unidentified)?;
        let who = Principal::new(who);
        let claim = self.resolver.resolve(parts, &who).await?.ok_or(Refusal::NoTenant)?;
        let tenant = claim.verify(&who, &self.membership).await?.ok_or(Refusal::NotAMember)?;
        // Another layer around this one has to have found the same tenant.
        if parts.extensions.get().is_some_and(|outer: &VerifiedTenant| *outer != tenant) {
            return Err(Refusal::Disagreement);
        }
        parts.extensions.insert(TenantScope::new(self.pool.clone(), tenant));
        parts.extensions.insert(tenant);
        parts.extensions.insert(who);
        Ok(())
    }

    fn challenge(&self) -> Option<HeaderValue> {
        self.identify.challenge()
    }
}

impl<S, I, R, M> Layer<S> for TenantLayer<I, R, M> {
    type Service = Gated<S, Way<I, R, M>>;

    fn layer(&self, service: S) -> Self::Service {
        Gated::new(service, Arc::clone(&self.0))
    }
}

impl<I, R, M> Clone for TenantLayer<I, R, M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<I, R, M> fmt::Debug for TenantLayer<I, R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantLayer").field("pool", &self.0.pool).finish_non_exhaustive()
    }
}
