//! Tokens for tests.

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Issues tokens (HS256) in tests and while developing, where a service has an identity provider.
///
/// Each issuer draws a secret of its own, so that no service but the one that is given it takes the tokens for good, and those
/// of another issuer are forgeries.
///
/// ```no_run,test_harness
/// # use crow_core::{TenantId, TenantPool};
/// # struct Service;
/// # impl Service { async fn get(&self, _: &str, _: &str) -> u16 { 200 } }
/// # fn service(pool: TenantPool, secret: &[u8]) -> Service { Service }
/// use crow_testkit::Issuer;
/// use serde_json::json;
///
/// #[crow_testkit::test]
/// async fn a_shop_is_served(pool: TenantPool, shop: TenantId) {
///     let issuer = Issuer::new("https://id.example.com", "shops");
///     let service = service(pool, issuer.secret()); // KeySet::new([Key::hs256("test", secret)?])
///     let token = issuer.token(json!({ "sub": "ada", "shop": shop.to_string() }));
///     assert_eq!(service.get("/vehicles", &token).await, 200);
/// }
/// ```
#[derive(Clone)]
pub struct Issuer {
    name: String,
    audience: String,
    secret: String,
}

impl Issuer {
    /// An issuer of this name (`iss`), for a service of this one (`aud`).
    pub fn new(name: impl Into<String>, audience: impl Into<String>) -> Self {
        let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        Self { name: name.into(), audience: audience.into(), secret }
    }

    /// What its tokens are verified with: for `Key::hs256`, under any id.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        self.secret.as_bytes()
    }

    /// A token with these claims beside `iss`, `aud` and `exp`, good for a day. Of a claim that is given, what is given counts.
    ///
    /// # Panics
    ///
    /// If the claims are no map of names to values.
    #[must_use]
    pub fn token(&self, claims: impl Serialize) -> String {
        let end = SystemTime::now() + LIFETIME;
        let end = end.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut all = json!({ "iss": self.name, "aud": self.audience, "exp": end });
        match (&mut all, serde_json::to_value(claims)) {
            (Value::Object(all), Ok(Value::Object(claims))) => all.extend(claims),
            _ => panic!("the claims of a token have names: write `json!({{ \"shop\": shop.to_string() }})`"),
        }
        self.signed(&all)
    }

    fn signed(&self, claims: &Value) -> String {
        let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT" })), part(claims));
        let mac = Hmac::<Sha256>::new_from_slice(self.secret()).expect("any length will do");
        let signature = mac.chain_update(&message).finalize().into_bytes();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, audience, .. } = self;
        f.debug_struct("Issuer").field("name", name).field("audience", audience).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(token: &str) -> Value {
        let payload =
            URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("three parts")).expect("base64url");
        serde_json::from_slice(&payload).expect("claims")
    }

    #[test]
    fn a_claim_that_is_given_stands_in_the_place_of_the_issuers() {
        let issuer = Issuer::new("https://id.example.com", "shops");
        let token = claims(&issuer.token(json!({ "aud": "operations", "sub": "ada" })));
        assert_eq!(token["iss"], "https://id.example.com");
        assert_eq!((&token["aud"], &token["sub"]), (&json!("operations"), &json!("ada")));
    }

    #[test]
    #[should_panic(expected = "the claims of a token have names")]
    fn what_is_no_claims_is_refused() {
        _ = Issuer::new("https://id.example.com", "shops").token("ada");
    }
}
