//! The envelope that a queue carries.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::Job;
use super::error::JobError;
use super::key::{JobKeys, is_key_id};
use super::verified::VerifiedJob;
use crate::membership::{OpensScope, VerifiedTenant};
use crate::seal::Seal;
use crate::tenant::TenantId;

/// Work for one tenant, signed: what a queue carries from where it is asked for to where it is done.
///
/// It holds the tenant, the kind, the payload, an id of its own and when it was signed and expires. Whoever has the
/// envelope can read all of that, and nobody without a key can change it; to have any of it from here there is
/// [`open`](Self::open) alone, which verifies. It is one line of ASCII: [`as_str`](Self::as_str) and [`FromStr`], or serde.
///
/// ```
/// # use crow_core::{Job, JobKey, JobKeys, TenantConn, TenantId, TenantJob, TenantPool};
/// # use serde::{Deserialize, Serialize};
/// # use uuid::Uuid;
/// #[derive(Serialize, Deserialize)]
/// struct Reminder {
///     vehicle: Uuid,
/// }
///
/// impl Job for Reminder {
///     const KIND: &'static str = "reminder";
/// }
///
/// # async fn example(pool: &TenantPool, shop: TenantId, vehicle: Uuid, secret: String) -> Result<(), Box<dyn std::error::Error>> {
/// let keys = JobKeys::new(JobKey::new("2026-11", secret)?);
/// let text = TenantJob::sign(shop, &Reminder { vehicle }, &keys)?.as_str().to_owned();
///
/// // Elsewhere, and later.
/// let job = text.parse::<TenantJob<Reminder>>()?.open(&keys)?;
/// job.run(pool, async |tx| remind(tx, job.payload().vehicle).await).await?;
/// # Ok(()) }
/// # async fn remind(tx: &TenantConn<'_>, vehicle: Uuid) -> Result<(), crow_core::Error> { Ok(()) }
/// ```
pub struct TenantJob<T> {
    /// `crow-job-1.key.claims.signature`. The signature is over all that stands before it, as it is.
    text: String,
    _payload: PhantomData<fn() -> T>,
}

/// Stands at the head of what is signed, so that a signature that was made for something else is none for a job.
const CONTEXT: &str = "crow-job-1";

/// What is signed.
#[derive(Serialize, Deserialize)]
struct Claims<'a, P> {
    id: Uuid,
    tenant: Uuid,
    kind: &'a str,
    issued_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    payload: P,
}

impl<T: Job> TenantJob<T> {
    /// Signs work for a tenant, with the key of the ring that signs.
    ///
    /// # Errors
    ///
    /// [`JobError::Unwritable`] if the payload cannot be written as JSON.
    pub fn sign(tenant: impl OpensScope, payload: &T, keys: &JobKeys) -> Result<Self, JobError> {
        Self::sign_at(tenant, payload, keys, Utc::now())
    }

    /// Signs work as if it were this time: for tests, or to date it from when it was asked for.
    ///
    /// # Errors
    ///
    /// As for [`sign`](Self::sign).
    pub fn sign_at(
        tenant: impl OpensScope,
        payload: &T,
        keys: &JobKeys,
        now: DateTime<Utc>,
    ) -> Result<Self, JobError> {
        let age = TimeDelta::from_std(T::MAX_AGE).unwrap_or(TimeDelta::MAX);
        let claims = Claims {
            id: Uuid::new_v4(),
            tenant: tenant.__only_crow_implements_this(Seal).as_uuid(),
            kind: T::KIND,
            issued_at: now,
            expires_at: now.checked_add_signed(age).unwrap_or(DateTime::<Utc>::MAX_UTC),
            payload,
        };
        let claims = serde_json::to_vec(&claims).map_err(|_| JobError::Unwritable { kind: T::KIND })?;
        let key = keys.signing();
        let mut text = format!("{CONTEXT}.{}.{}", key.id(), URL_SAFE_NO_PAD.encode(claims));
        let signature = key.sign(&text);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Ok(Self { text, _payload: PhantomData })
    }

    /// Verifies the envelope: the signature over everything in it, its kind, and that it has not expired.
    ///
    /// # Errors
    ///
    /// [`JobError::UnknownKey`], [`JobError::Tampered`], [`JobError::OtherKind`], [`JobError::Expired`],
    /// [`JobError::Payload`].
    pub fn open(&self, keys: &JobKeys) -> Result<VerifiedJob<T>, JobError> {
        self.open_at(keys, Utc::now())
    }

    /// Verifies the envelope as if it were this time.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub fn open_at(&self, keys: &JobKeys, now: DateTime<Utc>) -> Result<VerifiedJob<T>, JobError> {
        let parts = Parts::of(&self.text).ok_or(JobError::Malformed)?;
        keys.verify(parts.key, parts.signed, &decoded(parts.signature)?)?;

        let json = decoded(parts.claims)?;
        let claims: Claims<'_, &RawValue> = serde_json::from_slice(&json).map_err(|_| JobError::Malformed)?;
        let id = claims.id;
        if claims.kind != T::KIND {
            return Err(JobError::OtherKind { expected: T::KIND });
        }
        if claims.expires_at <= now {
            return Err(JobError::Expired { id, at: claims.expires_at });
        }
        let tenant = TenantId::try_from(claims.tenant).map_err(|_| JobError::Malformed)?;
        Ok(VerifiedJob {
            id,
            tenant: VerifiedTenant::proved(tenant),
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
            payload: serde_json::from_str(claims.payload.get())
                .map_err(|_| JobError::Payload { id, kind: T::KIND })?,
        })
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, JobError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| JobError::Malformed)
}

impl<T> TenantJob<T> {
    /// The envelope as text, for the queue. It is no secret key, and it is no secret from the queue either.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// An envelope taken apart, of which nothing is verified.
struct Parts<'a> {
    key: &'a str,
    claims: &'a str,
    signature: &'a str,
    /// What the signature is over.
    signed: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (key, claims) = signed.strip_prefix(CONTEXT)?.strip_prefix('.')?.split_once('.')?;
        is_key_id(key).then_some(Self { key, claims, signature, signed })
    }
}

impl<T> FromStr for TenantJob<T> {
    type Err = JobError;

    /// Takes what has the shape of an envelope; whether it is one, [`open`](TenantJob::open) tells.
    fn from_str(text: &str) -> Result<Self, JobError> {
        Parts::of(text).ok_or(JobError::Malformed)?;
        Ok(Self { text: text.to_owned(), _payload: PhantomData })
    }
}

impl<T> TryFrom<&[u8]> for TenantJob<T> {
    type Error = JobError;

    fn try_from(bytes: &[u8]) -> Result<Self, JobError> {
        std::str::from_utf8(bytes).map_err(|_| JobError::Malformed)?.parse()
    }
}

impl<T> Serialize for TenantJob<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for TenantJob<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<T> Clone for TenantJob<T> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), _payload: PhantomData }
    }
}

impl<T> fmt::Debug for TenantJob<T> {
    /// Without what it carries, which is not verified and may be anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = Parts::of(&self.text).map(|parts| parts.key);
        f.debug_struct("TenantJob").field("key", &key).finish_non_exhaustive()
    }
}
