//! The keys that jobs are signed with.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::error::JobError;

/// A secret that jobs are signed with, and a name for it that travels with them.
///
/// The secret is never shown, and what is kept of it is wiped from memory when the last clone is dropped.
#[derive(Clone)]
pub struct JobKey {
    id: String,
    mac: Hmac<Sha256>,
}

/// The fewest bytes of a secret: as many as the signature has.
const SHORTEST: usize = 32;

/// The most characters of a key's id.
const LONGEST: usize = 64;

impl JobKey {
    /// A key of this id, such as the month from which it signs.
    ///
    /// The secret is at least 32 random bytes, of a generator and not of a person's: `openssl rand -hex 32`.
    ///
    /// # Errors
    ///
    /// [`JobError::Key`] for a shorter secret, and an id that is not made of 1 to 64 ASCII letters, digits, `-` and `_`.
    pub fn new(id: impl Into<String>, secret: impl Into<Vec<u8>>) -> Result<Self, JobError> {
        let (id, secret) = (id.into(), Zeroizing::new(secret.into()));
        if !is_key_id(&id) {
            return Err(JobError::Key(format!(
                "a key's id is 1 to {LONGEST} ASCII letters, digits, `-` and `_`, such as `2026-11`"
            )));
        }
        if secret.len() < SHORTEST {
            return Err(JobError::Key(format!(
                "the secret of key `{id}` has {} bytes and needs {SHORTEST}: make one with `openssl rand -hex 32`",
                secret.len()
            )));
        }
        let mac = Hmac::new_from_slice(&secret).expect("HMAC takes keys of any length");
        Ok(Self { id, mac })
    }

    /// What the key is called.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn sign(&self, text: &str) -> [u8; 32] {
        self.mac.clone().chain_update(text).finalize().into_bytes().into()
    }

    /// Whether the signature is that of the text, in a time that does not tell how much of it is right.
    fn signed(&self, text: &str, signature: &[u8]) -> bool {
        self.mac.clone().chain_update(text).verify_slice(signature).is_ok()
    }
}

impl fmt::Debug for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Whether a key can be called so. What names a key in an envelope comes from outside, and ends up in messages.
pub(super) fn is_key_id(id: &str) -> bool {
    (1..=LONGEST).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A ring of keys: one signs, each verifies. Cloning is cheap and gives the same ring.
///
/// To change the key without an hour in which jobs are refused, first let every worker accept the new one, then
/// sign with it, and drop the old one when the last job that it signed has expired.
///
/// ```
/// use crow_core::{JobKey, JobKeys};
///
/// # let [old, new] = ["a".repeat(32), "b".repeat(32)];
/// let keys = JobKeys::new(JobKey::new("2026-11", new)?).accepting(JobKey::new("2026-05", old)?)?;
/// # Ok::<(), crow_core::JobError>(())
/// ```
#[derive(Clone, Debug)]
pub struct JobKeys {
    /// The first one signs.
    keys: Arc<Vec<JobKey>>,
}

impl JobKeys {
    /// A ring of one key, which signs.
    pub fn new(signing: JobKey) -> Self {
        Self { keys: Arc::new(vec![signing]) }
    }

    /// Lets another key verify, too.
    ///
    /// # Errors
    ///
    /// [`JobError::Key`] if the ring has a key of this id.
    pub fn accepting(mut self, other: JobKey) -> Result<Self, JobError> {
        if self.find(other.id()).is_some() {
            return Err(JobError::Key(format!(
                "the ring has two keys `{}`: an id names one secret, for ever",
                other.id()
            )));
        }
        Arc::make_mut(&mut self.keys).push(other);
        Ok(self)
    }

    pub(super) fn signing(&self) -> &JobKey {
        &self.keys[0]
    }

    /// Makes sure that the text was signed by the key that it says.
    pub(super) fn verify(&self, id: &str, text: &str, signature: &[u8]) -> Result<(), JobError> {
        let key = self.find(id).ok_or_else(|| JobError::UnknownKey(id.to_owned()))?;
        if key.signed(text, signature) { Ok(()) } else { Err(JobError::Tampered(id.to_owned())) }
    }

    fn find(&self, id: &str) -> Option<&JobKey> {
        self.keys.iter().find(|key| key.id == id)
    }
}

#[cfg(test)]
mod tests {
    use sha2::Sha256;
    use zeroize::ZeroizeOnDrop;

    /// Of the secret a key keeps two states of the hash, inner and outer, which wipe themselves if that feature is on.
    #[test]
    fn what_a_key_keeps_of_its_secret_is_wiped() {
        fn wiped<T: ZeroizeOnDrop>() {}
        wiped::<Sha256>();
    }
}
