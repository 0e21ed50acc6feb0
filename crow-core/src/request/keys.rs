//! The keys that tokens are signed with.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse, RSAKeyParameters,
};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

use crate::error::Error;

/// A key that verifies tokens, with its id and the one algorithm that it is for.
///
/// What a token says of its algorithm chooses nothing: it has to be that of the key. So `none` is no algorithm, and a
/// public key is never taken for the secret of an HMAC.
#[derive(Clone)]
pub struct Key {
    id: String,
    algorithm: Algorithm,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Hmac(hmac::Key),
    Rsa(DecodingKey),
    Ec(Vec<u8>),
    Ed(Vec<u8>),
}

/// The length of an RSA public key of 2048 bits, as DER: its modulus, and at least so much around it.
const SHORTEST_RSA: usize = 256 + 8;

impl Key {
    /// A secret for HS256, of 32 bytes or more, which whoever issues tokens shares.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it is shorter: it could be guessed.
    pub fn hs256(id: impl Into<String>, secret: &[u8]) -> Result<Self, Error> {
        if secret.len() < 32 {
            return Err(Error::Invalid(
                "a secret for HS256 has 32 bytes or more, from a random generator: make one with `openssl rand 32`".into(),
            ));
        }
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Ok(Self { id: id.into(), algorithm: Algorithm::HS256, material: Material::Hmac(secret) })
    }

    /// An RSA public key in PEM, of 2048 bits or more, for RS256.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it is none, or too short.
    pub fn rs256(id: impl Into<String>, pem: &str) -> Result<Self, Error> {
        let key = DecodingKey::from_rsa_pem(public(pem)?).map_err(|_| no_key("an RSA public key in PEM"))?;
        match key.kind() {
            DecodingKeyKind::SecretOrDer(der) if der.len() >= SHORTEST_RSA => {
                Ok(Self { id: id.into(), algorithm: Algorithm::RS256, material: Material::Rsa(key) })
            }
            _ => Err(no_key("an RSA public key of 2048 bits or more")),
        }
    }

    /// A public key on the curve P-256 in PEM, for ES256.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it is none.
    pub fn es256(id: impl Into<String>, pem: &str) -> Result<Self, Error> {
        let key =
            DecodingKey::from_ec_pem(public(pem)?).map_err(|_| no_key("a public key on P-256 in PEM"))?;
        Self::on_p256(id.into(), &key)
    }

    /// An Ed25519 public key in PEM, for EdDSA.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it is none.
    pub fn ed_dsa(id: impl Into<String>, pem: &str) -> Result<Self, Error> {
        let key =
            DecodingKey::from_ed_pem(public(pem)?).map_err(|_| no_key("an Ed25519 public key in PEM"))?;
        Self::on_25519(id.into(), &key)
    }

    /// The keys of a JSON Web Key Set that can sign tokens here; others in it are passed over.
    ///
    /// Secrets are passed over, too: a set is published.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it is no such set, has a key of a usable kind that cannot be read, or none that is usable.
    pub fn of_jwks(json: &str) -> Result<Vec<Self>, Error> {
        let set: JwkSet = serde_json::from_str(json).map_err(|_| no_key("a JSON Web Key Set"))?;
        let keys = set.keys.iter().filter_map(Self::of_jwk).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(no_key("a JSON Web Key Set with a key for RS256, ES256 or EdDSA that has a `kid`"));
        }
        Ok(keys)
    }

    fn of_jwk(jwk: &Jwk) -> Option<Result<Self, Error>> {
        let common = &jwk.common;
        if !matches!(common.public_key_use, None | Some(PublicKeyUse::Signature)) {
            return None;
        }
        let id = common.key_id.clone()?;
        let key = || DecodingKey::from_jwk(jwk).map_err(|_| no_key("a JSON Web Key"));
        match (&jwk.algorithm, common.key_algorithm) {
            (AlgorithmParameters::RSA(rsa), None | Some(KeyAlgorithm::RS256)) => {
                Some(key().and_then(|key| Self::of_rsa(id, rsa, key)))
            }
            (AlgorithmParameters::EllipticCurve(ec), None | Some(KeyAlgorithm::ES256))
                if ec.curve == EllipticCurve::P256 =>
            {
                Some(key().and_then(|key| Self::on_p256(id, &key)))
            }
            (AlgorithmParameters::OctetKeyPair(pair), None | Some(KeyAlgorithm::EdDSA))
                if pair.curve == EllipticCurve::Ed25519 =>
            {
                Some(key().and_then(|key| Self::on_25519(id, &key)))
            }
            _ => None,
        }
    }

    fn of_rsa(id: String, rsa: &RSAKeyParameters, key: DecodingKey) -> Result<Self, Error> {
        // In base64: 342 characters for 256 bytes.
        if rsa.n.len() < 342 {
            return Err(no_key("an RSA public key of 2048 bits or more"));
        }
        Ok(Self { id, algorithm: Algorithm::RS256, material: Material::Rsa(key) })
    }

    fn on_p256(id: String, key: &DecodingKey) -> Result<Self, Error> {
        // Its two coordinates, uncompressed.
        let point = bytes(key, 65).ok_or_else(|| no_key("a public key on P-256"))?;
        Ok(Self { id, algorithm: Algorithm::ES256, material: Material::Ec(point) })
    }

    fn on_25519(id: String, key: &DecodingKey) -> Result<Self, Error> {
        let point = bytes(key, 32).ok_or_else(|| no_key("an Ed25519 public key"))?;
        Ok(Self { id, algorithm: Algorithm::EdDSA, material: Material::Ed(point) })
    }

    /// Whether a message that says it was signed by this algorithm was signed by this key.
    pub(super) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if algorithm != self.algorithm {
            return false;
        }
        let verified = match &self.material {
            Material::Hmac(secret) => hmac::verify(secret, message, signature),
            Material::Rsa(key) => match key.kind() {
                DecodingKeyKind::SecretOrDer(der) => {
                    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).verify(message, signature)
                }
                DecodingKeyKind::RsaModulusExponent { n, e } => {
                    RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                }
            },
            Material::Ec(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            Material::Ed(point) => UnparsedPublicKey::new(&ED25519, point).verify(message, signature),
        };
        verified.is_ok()
    }
}

fn bytes(key: &DecodingKey, length: usize) -> Option<Vec<u8>> {
    key.try_get_as_bytes().ok().filter(|bytes| bytes.len() == length).map(<[u8]>::to_vec)
}

fn public(pem: &str) -> Result<&[u8], Error> {
    if pem.contains("PRIVATE KEY") {
        return Err(Error::Invalid(
            "this is a private key, and a service that reads tokens needs the public one: `openssl pkey -pubout`".into(),
        ));
    }
    Ok(pem.as_bytes())
}

fn no_key(what: &str) -> Error {
    Error::Invalid(format!("a key for tokens is not what it should be, {what}"))
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// The keys of an issuer by their ids. A clone is the same set.
///
/// Keys are rotated by [`replace`](Self::replace): first the new key beside the old one, then tokens signed with it, and
/// without the old one when the last token of that has expired. A token never makes the service fetch a key: a task of the
/// application reads the issuer's key set now and then.
///
/// ```no_run
/// # use crow_core::{Error, request::{Key, KeySet}};
/// # async fn fetched() -> Result<String, Error> { todo!() }
/// # async fn example() -> Result<(), Error> {
/// let keys = KeySet::new(Key::of_jwks(&fetched().await?)?)?;
/// let rotated = keys.clone();
/// tokio::spawn(async move {
///     loop {
///         tokio::time::sleep(std::time::Duration::from_secs(600)).await;
///         if let Err(error) = async { rotated.replace(Key::of_jwks(&fetched().await?)?) }.await {
///             tracing::warn!(%error, "the keys stay as they are");
///         }
///     }
/// });
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct KeySet(Arc<RwLock<Arc<HashMap<String, Key>>>>);

impl KeySet {
    /// A set of these keys.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for no keys, or two of one id.
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Result<Self, Error> {
        Ok(Self(Arc::new(RwLock::new(Arc::new(by_id(keys)?)))))
    }

    /// Puts these keys in the place of all that were in the set.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new); the set is then as it was.
    pub fn replace(&self, keys: impl IntoIterator<Item = Key>) -> Result<(), Error> {
        let keys = Arc::new(by_id(keys)?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Does something with the key of this id, or without an id with the only one.
    pub(super) fn with<R>(&self, id: Option<&str>, use_it: impl FnOnce(&Key) -> R) -> Option<R> {
        let keys = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        let key = match id {
            Some(id) => keys.get(id),
            None if keys.len() == 1 => keys.values().next(),
            None => None,
        };
        key.map(use_it)
    }
}

fn by_id(keys: impl IntoIterator<Item = Key>) -> Result<HashMap<String, Key>, Error> {
    let mut by_id = HashMap::new();
    for key in keys {
        if let Some(other) = by_id.insert(key.id.clone(), key) {
            return Err(Error::Invalid(format!("two keys for tokens have the id `{}`", other.id)));
        }
    }
    if by_id.is_empty() {
        return Err(Error::Invalid("a set without keys verifies no token: give it one".into()));
    }
    Ok(by_id)
}
