//! The tenant in the path.

use http::request::Parts;

use super::name::{Names, named};
use super::refusal::Refusal;
use super::resolver::Resolver;
use crate::error::Error;
use crate::membership::{ClaimedTenant, Principal};

/// Takes the tenant from the segment of the path that follows a prefix: `honda` in `/shops/honda/vehicles`.
///
/// The segment is taken as it stands. One that is percent-encoded is refused, since what matches routes may decode it
/// differently. A path that does not begin with the prefix names no tenant.
///
/// It sees the path that the layer sees: within axum's `nest` the prefix is gone, so put the layer around the outer router.
#[derive(Debug, Clone)]
pub struct PathSegment<N> {
    prefix: String,
    names: N,
}

impl<N: Names> PathSegment<N> {
    /// The segment after this prefix, such as `/shops/`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it does not begin and end with a slash.
    pub fn after(prefix: &str, names: N) -> Result<Self, Error> {
        if prefix.starts_with('/') && prefix.ends_with('/') {
            Ok(Self { prefix: prefix.to_owned(), names })
        } else {
            Err(Error::Invalid("the path before the tenant begins and ends with a slash: `/shops/`".into()))
        }
    }
}

impl<P: Send + Sync, N: Names> Resolver<P> for PathSegment<N> {
    async fn resolve(&self, parts: &Parts, _: &Principal<P>) -> Result<Option<ClaimedTenant>, Refusal> {
        let Some(rest) = parts.uri.path().strip_prefix(&self.prefix) else { return Ok(None) };
        let segment = rest.split('/').next().unwrap_or_default();
        named(segment, &self.names, "the segment of the path").await.map(Some)
    }
}
