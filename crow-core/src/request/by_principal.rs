//! The tenant that a token or an API key names.

use std::fmt;
use std::marker::PhantomData;

use http::request::Parts;

use super::name::{Names, named};
use super::refusal::Refusal;
use super::resolver::Resolver;
use crate::membership::{ClaimedTenant, Principal};

/// Takes the tenant from what is known of whoever asks: a claim of a token, the tenant of an API key.
///
/// ```
/// # use crow_core::{ClaimedTenant, request::of_principal};
/// #[derive(serde::Deserialize)]
/// struct Staff {
///     shop: Option<ClaimedTenant>,
/// }
///
/// let shop = of_principal(|staff: &Staff| staff.shop);
/// ```
pub fn of_principal<P, F, C>(tenant: F) -> OfPrincipal<P, F>
where
    F: Fn(&P) -> Option<C> + Send + Sync + 'static,
    C: Into<ClaimedTenant>,
{
    OfPrincipal { tenant, _principal: PhantomData }
}

/// The same, for tokens that name the tenant by what a directory knows it by.
pub fn name_of_principal<P, F, N>(name: F, names: N) -> NameOfPrincipal<P, F, N>
where
    F: Fn(&P) -> Option<String> + Send + Sync + 'static,
    N: Names,
{
    NameOfPrincipal { name, names, _principal: PhantomData }
}

/// The tenant that a principal has with it: [`of_principal`].
pub struct OfPrincipal<P, F> {
    tenant: F,
    _principal: PhantomData<fn(&P)>,
}

impl<P, F, C> Resolver<P> for OfPrincipal<P, F>
where
    P: Send + Sync + 'static,
    F: Fn(&P) -> Option<C> + Send + Sync + 'static,
    C: Into<ClaimedTenant>,
{
    async fn resolve(&self, _: &Parts, who: &Principal<P>) -> Result<Option<ClaimedTenant>, Refusal> {
        Ok((self.tenant)(who).map(Into::into))
    }
}

impl<P, F> fmt::Debug for OfPrincipal<P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfPrincipal").finish_non_exhaustive()
    }
}

/// The name of a tenant that a principal has with it: [`name_of_principal`].
pub struct NameOfPrincipal<P, F, N> {
    name: F,
    names: N,
    _principal: PhantomData<fn(&P)>,
}

impl<P, F, N> Resolver<P> for NameOfPrincipal<P, F, N>
where
    P: Send + Sync + 'static,
    F: Fn(&P) -> Option<String> + Send + Sync + 'static,
    N: Names,
{
    async fn resolve(&self, _: &Parts, who: &Principal<P>) -> Result<Option<ClaimedTenant>, Refusal> {
        let Some(name) = (self.name)(who) else { return Ok(None) };
        named(&name, &self.names, "the tenant of the token").await.map(Some)
    }
}

impl<P, F, N> fmt::Debug for NameOfPrincipal<P, F, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NameOfPrincipal").finish_non_exhaustive()
    }
}
