//! Envelopes made by hand, as somebody would who can write to the queue.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crow_core::TenantJob;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::{Reminder, SECRET};

/// An envelope that is as crow makes it, unless it is told otherwise.
pub(crate) struct Forged {
    pub(crate) context: &'static str,
    pub(crate) key: &'static str,
    pub(crate) secret: &'static [u8],
    pub(crate) claims: Value,
}

impl Default for Forged {
    fn default() -> Self {
        let claims = json!({
            "id": "018f4e9c-7b1a-4d2c-9f00-3a5b6c7d8e9f",
            "tenant": "6f1c2a9e-4f0b-4d56-9a70-5d0a3c1b7e11",
            "kind": "reminder",
            "issued_at": "2026-01-12T09:00:00Z",
            "expires_at": "2126-01-12T09:00:00Z",
            "payload": { "plate": "CIV 1" },
        });
        Self { context: "crow-job-1", key: "new", secret: SECRET, claims }
    }
}

impl Forged {
    pub(crate) fn with(name: &str, value: Value) -> Self {
        let mut forged = Self::default();
        forged.claims[name] = value;
        forged
    }

    /// What the signature is over.
    pub(crate) fn signed(&self) -> String {
        format!("{}.{}.{}", self.context, self.key, URL_SAFE_NO_PAD.encode(self.claims.to_string()))
    }

    pub(crate) fn text(&self) -> String {
        sealed(&self.signed(), &signature(self.secret, &self.signed()))
    }

    pub(crate) fn job(&self) -> TenantJob<Reminder> {
        self.text().parse().expect("the shape of an envelope")
    }
}

pub(crate) fn signature(secret: &[u8], text: &str) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length");
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

pub(crate) fn sealed(signed: &str, signature: &[u8]) -> String {
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The claims of an envelope, which anybody can read.
pub(crate) fn claims(text: &str) -> Value {
    let claims = text.split('.').nth(2).expect("claims");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("JSON")
}

/// The tenant of the forged envelopes.
pub(crate) fn tenant() -> Uuid {
    Uuid::from_u128(0x6f1c2a9e_4f0b_4d56_9a70_5d0a3c1b7e11)
}
