//! The other end of the connection.

use std::net::{IpAddr, SocketAddr};

use http::Extensions;

/// The address at the other end of a request's connection, which the server puts into the request's extensions.
///
/// With axum, `into_make_service_with_connect_info::<SocketAddr>()` does as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Who sent the request over the network, as far as the server says.
pub(super) fn address(extensions: &Extensions) -> Option<IpAddr> {
    let peer = extensions.get().map(|Peer(peer)| *peer);
    #[cfg(feature = "axum")]
    let peer = peer.or_else(|| extensions.get().map(|axum::extract::ConnectInfo(peer)| *peer));
    // A socket for both families shows 10.0.0.1 as ::ffff:10.0.0.1.
    peer.map(|peer: SocketAddr| peer.ip().to_canonical())
}
