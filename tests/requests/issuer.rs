//! Whoever issues tokens, and whoever forges them.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crow_core::TenantId;
use crow_core::request::Key;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use ring::{hmac, signature::ECDSA_P256_SHA256_FIXED_SIGNING};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://id.example.com";
pub(crate) const AUDIENCE: &str = "shops";
pub(crate) const SECRET: &[u8] = b"the secret of these tests, 32 bytes and more";

pub(crate) const RSA: &str = include_str!("keys/rsa.pub.pem");
pub(crate) const EC: &str = include_str!("keys/ec.pub.pem");
pub(crate) const ED: &str = include_str!("keys/ed.pub.pem");

#[derive(Debug, Clone, Copy)]
pub(crate) enum Signer {
    Hs256,
    Rs256,
    Es256,
    EdDsa,
}

impl Signer {
    pub(crate) const ALL: [Self; 4] = [Self::Hs256, Self::Rs256, Self::Es256, Self::EdDsa];

    pub(crate) fn algorithm(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Its id is its algorithm.
    pub(crate) fn key(self) -> Key {
        let id = self.algorithm();
        match self {
            Self::Hs256 => Key::hs256(id, SECRET),
            Self::Rs256 => Key::rs256(id, RSA),
            Self::Es256 => Key::es256(id, EC),
            Self::EdDsa => Key::ed_dsa(id, ED),
        }
        .expect("it is a key")
    }

    pub(crate) fn sign(self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Hs256 => hmac_sha256(SECRET, message),
            Self::Rs256 => {
                let key = RsaKeyPair::from_der(include_bytes!("keys/rsa.der")).expect("a key");
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut signature).expect("it signs");
                signature
            }
            Self::Es256 => {
                let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let key = EcdsaKeyPair::from_pkcs8(algorithm, include_bytes!("keys/ec.der"), &random)
                    .expect("a key");
                key.sign(&random, message).expect("it signs").as_ref().to_vec()
            }
            Self::EdDsa => {
                let key =
                    Ed25519KeyPair::from_pkcs8_maybe_unchecked(include_bytes!("keys/ed.der")).expect("a key");
                key.sign(message).as_ref().to_vec()
            }
        }
    }

    /// A good token.
    pub(crate) fn token(self, who: &str, shop: Option<TenantId>) -> String {
        self.signed(&claims(who, shop))
    }

    /// A token with these claims and the header that belongs to the key.
    pub(crate) fn signed(self, claims: &Value) -> String {
        let header = json!({ "alg": self.algorithm(), "kid": self.algorithm(), "typ": "JWT" });
        token(&header, claims, |message| self.sign(message))
    }
}

pub(crate) fn hmac_sha256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec()
}

/// What a good token says.
pub(crate) fn claims(who: &str, shop: Option<TenantId>) -> Value {
    let shop = shop.map(|shop| shop.as_uuid());
    json!({ "iss": ISSUER, "aud": AUDIENCE, "exp": now() + 600, "nbf": now() - 600, "sub": who, "shop": shop })
}

/// Good claims, one of which is another.
pub(crate) fn claims_but(who: &str, claim: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims(who, None);
    claims[claim] = value.into();
    claims
}

pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    i64::try_from(since.as_secs()).expect("it is not that late")
}

pub(crate) fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}
