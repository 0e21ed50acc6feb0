//! Work for a tenant that a queue carries.

mod envelope;
mod error;
mod key;
mod ledger;
mod verified;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use envelope::TenantJob;
pub use error::JobError;
pub use key::{JobKey, JobKeys};
pub use ledger::forget_expired_jobs;
pub use verified::VerifiedJob;

/// What a job of one kind carries, and how long and how often it may be done.
///
/// Several things that one worker does are one enum, so that its `match` is complete.
///
/// ```
/// use crow_core::Job;
/// use serde::{Deserialize, Serialize};
/// use uuid::Uuid;
///
/// #[derive(Serialize, Deserialize)]
/// enum Workshop {
///     Remind { vehicle: Uuid },
///     Invoice { record: Uuid },
/// }
///
/// impl Job for Workshop {
///     const KIND: &'static str = "workshop";
/// }
/// ```
pub trait Job: Serialize + DeserializeOwned + Send + Sync {
    /// Names the kind. It is signed, and an envelope of another kind is not opened as this one, however alike they are.
    const KIND: &'static str;

    /// How long after it was signed a job may be done: a day, if not said otherwise. A queue that delays or retries for
    /// longer needs more.
    const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

    /// How many times a job may be done: once, if not said otherwise. What was rolled back was not done.
    const MAX_RUNS: u16 = 1;
}
