//! The tenant in the host.

use http::request::Parts;

use super::host::host;
use super::name::{Names, is_name, named};
use super::refusal::Refusal;
use super::resolver::Resolver;
use crate::error::Error;
use crate::membership::{ClaimedTenant, Principal};

/// Takes the tenant from the host: `honda` in `honda.shops.example.com`, below `shops.example.com`.
///
/// The parent domain itself names no tenant. Any other host is refused, among them those that only end in the same letters
/// (`evil-shops.example.com`) and those that are deeper down (`a.honda.shops.example.com`). Case, port and a dot at the
/// end make no difference. `X-Forwarded-Host` is not looked at: have the proxy pass `Host` on.
#[derive(Debug, Clone)]
pub struct Subdomain<N> {
    parents: Vec<String>,
    names: N,
}

impl<N: Names> Subdomain<N> {
    /// Tenants are one label below this domain.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it is no domain in ASCII.
    pub fn of(parent: &str, names: N) -> Result<Self, Error> {
        Self { parents: Vec::new(), names }.or_of(parent)
    }

    /// Tenants may also be below this domain, under the same names.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it is no domain in ASCII.
    pub fn or_of(mut self, parent: &str) -> Result<Self, Error> {
        let domain = parent.to_ascii_lowercase();
        let domain = domain.trim_end_matches('.');
        if !domain.split('.').all(is_name) {
            return Err(Error::Invalid(
                "the parent domain of tenants is no domain in ASCII: write `shops.example.com`, without a port, and \
                 `xn--…` for other characters"
                    .into(),
            ));
        }
        self.parents.push(domain.to_owned());
        Ok(self)
    }
}

impl<P: Send + Sync, N: Names> Resolver<P> for Subdomain<N> {
    async fn resolve(&self, parts: &Parts, _: &Principal<P>) -> Result<Option<ClaimedTenant>, Refusal> {
        let Some(host) = host(parts)? else { return Ok(None) };
        if self.parents.contains(&host) {
            return Ok(None);
        }
        let label = |parent: &String| host.strip_suffix(parent.as_str())?.strip_suffix('.');
        match self.parents.iter().find_map(label) {
            Some(label) if is_name(label) => named(label, &self.names, "the host").await.map(Some),
            _ => Err(Refusal::Misdirected),
        }
    }
}
