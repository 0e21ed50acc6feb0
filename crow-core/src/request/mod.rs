//! From a request to a verified tenant: layers for tower, answers for HTTP, extractors for axum.
//!
//! A [`TenantLayer`] asks three questions of each request, in this order, and lets it through if all are answered: who
//! asks ([`Identify`]), for which tenant ([`Resolver`]), and whether one may act for the other
//! ([`Membership`](crate::Membership)). The handler finds a [`TenantScope`](crate::TenantScope), which opens scopes of that
//! tenant, a [`VerifiedTenant`](crate::VerifiedTenant) and a [`Principal`](crate::Principal) in the request's extensions;
//! with the feature `axum` they are extractors. The guide has [a page](crate::guide::requests) on it.
//!
//! | to | take |
//! |---|---|
//! | say who asks | [`Jwt`] with a [`KeySet`], [`ApiKey`], an [`Identify`] of your own |
//! | say for which tenant | [`Subdomain`], [`PathSegment`], [`TrustedHeader`], [`of_principal`], [`name_of_principal`] |
//! | join these | [`all`], [`first`], [`required`] |
//! | find a tenant by its name | [`Directory`], [`ByUuid`] |
//! | answer | [`Problem`], made of an [`Error`](crate::Error) or a [`Refusal`] |
//! | let operators across tenants | [`AdminLayer`], which leads to an [`AdminDoor`] |

mod admin;
mod api_key;
#[cfg(feature = "axum")]
mod axum;
mod by_principal;
mod combine;
mod cookie;
mod credentials;
mod directory;
mod gate;
mod header;
mod host;
mod identify;
mod jwt;
mod keys;
mod layer;
mod name;
mod path;
mod peer;
mod problem;
mod refusal;
mod resolver;
mod subdomain;
mod token;

pub use admin::{AdminDoor, AdminLayer, Operators};
pub use api_key::{ApiKey, KeyDigest};
pub use by_principal::{NameOfPrincipal, OfPrincipal, name_of_principal, of_principal};
pub use combine::{All, First, Required, all, first, required};
pub use directory::Directory;
pub use gate::Gated;
pub use header::TrustedHeader;
pub use identify::{Either, Identify, OrGuest};
pub use jwt::Jwt;
pub use keys::{Key, KeySet};
pub use layer::TenantLayer;
pub use name::{ByUuid, Names};
pub use path::PathSegment;
pub use peer::Peer;
pub use problem::Problem;
pub use refusal::Refusal;
pub use resolver::Resolver;
pub use subdomain::Subdomain;
