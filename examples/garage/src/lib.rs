//! A service for repair shops, each of which has its own vehicles.

pub mod schema;
pub mod vehicles;

use axum::Router;
use axum::routing::get;
use crow_core::request::{Jwt, KeySet, TenantLayer, of_principal};
use crow_core::{ClaimedTenant, Principal, TenantId, TenantPool};
use serde::Deserialize;

/// Whose tokens count.
pub const ISSUER: &str = "https://id.example.com";

/// Which of them are for this service.
pub const AUDIENCE: &str = "garage";

/// What the service reads of a token.
#[derive(Deserialize)]
struct Staff {
    shop: ClaimedTenant,
}

/// The service, for whoever has a token that one of these keys has signed.
pub fn router(pool: TenantPool, keys: KeySet) -> Router {
    let shops = TenantLayer::new(
        pool,
        // Who asks.
        Jwt::<Staff>::new(keys, ISSUER, AUDIENCE),
        // For which shop.
        of_principal(|who: &Staff| Some(who.shop)),
        // Whether they may.
        async |who: Principal<Staff>, shop: TenantId| Ok(who.shop == shop),
    );
    Router::new().route("/vehicles", get(vehicles::list).post(vehicles::create)).layer(shops)
}
