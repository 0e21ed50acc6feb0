//! Names that do not clash.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A name that no other process chooses.
pub(crate) fn fresh(prefix: &str) -> String {
    format!("{prefix}{}", &Uuid::new_v4().simple().to_string()[..8])
}

/// The name of a test's database, unlike any other process's on any machine that uses the server.
pub(crate) fn fresh_database() -> String {
    format!("crow_{}", Uuid::new_v4().simple())
}

/// Sixteen hexadecimal digits that stand for the parts, in this order.
pub(crate) fn digest(parts: &[&[u8]]) -> String {
    let mut text = full_digest(parts);
    text.truncate(16);
    text
}

/// Sixteen bytes that stand for the parts.
pub(crate) fn bytes(parts: &[&[u8]]) -> [u8; 16] {
    let hash = hash(parts);
    std::array::from_fn(|n| hash[n])
}

/// As [`digest`], but long enough for a password.
pub(crate) fn full_digest(parts: &[&[u8]]) -> String {
    hash(parts).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn hash(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in parts {
        // The length keeps ("a", "bc") and ("ab", "c") apart.
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().to_vec()
}
