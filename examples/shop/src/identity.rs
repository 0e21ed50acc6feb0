//! Who may ask for what.

use crow_core::request::{Jwt, KeySet};
use crow_core::{ClaimedTenant, Error, Principal, TenantId};
use serde::Deserialize;

/// The cookie that pages are opened with. A name with this prefix cannot be set by another shop's subdomain.
pub(crate) const COOKIE: &str = "__Host-shop";

/// Somebody who works at a shop.
#[derive(Debug, Deserialize)]
pub(crate) struct Staff {
    pub(crate) sub: String,
    pub(crate) shop: ClaimedTenant,
}

impl Staff {
    /// Tokens for the audience `shops`, as a header or, for pages, in a cookie.
    pub(crate) fn by_token(keys: KeySet, issuer: &str) -> Jwt<Self> {
        Jwt::new(keys, issuer, "shops").or_cookie(COOKIE)
    }

    /// Whoever works at a shop may do everything in it, and nothing in another one.
    pub(crate) async fn works_there(who: Principal<Self>, shop: TenantId) -> Result<bool, Error> {
        Ok(who.shop == shop)
    }
}

/// Somebody who runs this service.
#[derive(Debug, Deserialize)]
pub(crate) struct Operator {
    sub: String,
}

impl Operator {
    /// Tokens for the audience `operations`: those of staff are not.
    pub(crate) fn by_token(keys: KeySet, issuer: &str) -> Jwt<Self> {
        Jwt::new(keys, issuer, "operations")
    }

    /// The issuer gives this audience to operators alone. Their accesses are recorded under their names.
    pub(crate) async fn name(who: Principal<Self>) -> Result<Option<String>, Error> {
        Ok(Some(who.sub.clone()))
    }
}
