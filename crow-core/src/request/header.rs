//! The tenant in a header that a proxy sets.

use std::net::IpAddr;

use http::header::HeaderName;
use http::request::Parts;
use ipnet::IpNet;

use super::name::{Names, named};
use super::peer;
use super::refusal::Refusal;
use super::resolver::Resolver;
use crate::error::Error;
use crate::membership::{ClaimedTenant, Principal};

/// Takes the tenant from a header that a trusted proxy sets, such as `x-tenant`.
///
/// A header is what the client writes. Only a proxy that removes it from what comes in and sets its own makes it more than
/// that, so it is refused unless the other end of the connection is in a list that you state. Where the server does
/// not tell who that is ([`Peer`](super::Peer)), it is always refused.
#[derive(Debug, Clone)]
pub struct TrustedHeader<N> {
    header: HeaderName,
    proxies: Vec<IpNet>,
    names: N,
}

impl<N: Names> TrustedHeader<N> {
    /// This header, from these proxies: addresses (`10.0.0.7`, `fd00::7`) and networks (`10.0.0.0/24`).
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if one of these is none, or if there are none.
    pub fn new<'a>(
        header: &'static str,
        proxies: impl IntoIterator<Item = &'a str>,
        names: N,
    ) -> Result<Self, Error> {
        let header = HeaderName::try_from(header)
            .map_err(|_| Error::Invalid("this is no name of a header: write `x-tenant`".into()))?;
        let proxies = proxies.into_iter().map(network).collect::<Result<Vec<_>, _>>()?;
        if proxies.is_empty() {
            return Err(Error::Invalid(
                "no proxy is trusted, so nobody could set the header: state the addresses of those in front of this service"
                    .into(),
            ));
        }
        Ok(Self { header, proxies, names })
    }
}

fn network(text: &str) -> Result<IpNet, Error> {
    text.parse().or_else(|_| text.parse().map(|host: IpAddr| host.into())).map_err(|_| {
        Error::Invalid(
            "a trusted proxy is an address such as 10.0.0.7 or a network such as 10.0.0.0/24".into(),
        )
    })
}

impl<P: Send + Sync, N: Names> Resolver<P> for TrustedHeader<N> {
    async fn resolve(&self, parts: &Parts, _: &Principal<P>) -> Result<Option<ClaimedTenant>, Refusal> {
        let mut values = parts.headers.get_all(&self.header).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Refusal::malformed(format!("it has more than one `{}`", self.header)));
        }
        match peer::address(&parts.extensions) {
            Some(peer) if self.proxies.iter().any(|proxy| proxy.contains(&peer)) => {}
            Some(_) => {
                return Err(Refusal::malformed(format!(
                    "`{}` comes from an address that is no trusted proxy",
                    self.header
                )));
            }
            None => {
                return Err(Refusal::malformed(format!(
                    "`{}` comes from nobody knows where: have the server put a `Peer` or a `ConnectInfo` into requests",
                    self.header
                )));
            }
        }
        let name = value.to_str().unwrap_or_default();
        named(name, &self.names, "the header").await.map(Some)
    }
}
