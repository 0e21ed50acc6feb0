//! Why a job is not done.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Why an envelope was not opened, or its job not done.
///
/// None of these goes away if the queue delivers the job again: take it off the queue, and keep it where somebody looks at it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The text is no envelope, or one of a version that this program does not know.
    #[error(
        "this is no job that crow has signed: a job is the text that `TenantJob::as_str` gives, as a whole"
    )]
    Malformed,

    /// The key that the envelope names is not in the ring.
    #[error(
        "the job is signed with key `{0}`, which is not in the ring: let the ring accept it, or if it was \
         retired, sign the job again"
    )]
    UnknownKey(String),

    /// Envelope and signature do not belong together.
    #[error(
        "the job was changed after it was signed, or signed with another secret for key `{0}`: find out who can \
         write to the queue, and compare the secrets"
    )]
    Tampered(String),

    /// The job is of another kind than it was opened as.
    #[error("the job is of another kind than `{expected}`: give it to the worker for its kind")]
    #[non_exhaustive]
    OtherKind {
        /// The kind that it was opened as.
        expected: &'static str,
    },

    /// The job is too old.
    #[error("job {id} expired at {at}: sign it again, or raise `Job::MAX_AGE` if the queue takes that long")]
    #[non_exhaustive]
    Expired {
        /// The job.
        id: Uuid,
        /// When it expired.
        at: DateTime<Utc>,
    },

    /// The payload is not what this program takes for one of its kind.
    #[error(
        "the payload of job {id} does not fit `{kind}` as this program knows it: change a kind's fields so that \
         old jobs can be read, or give it a new name"
    )]
    #[non_exhaustive]
    Payload {
        /// The job.
        id: Uuid,
        /// Its kind.
        kind: &'static str,
    },

    /// The job has been done as often as its kind allows.
    #[error("job {id} has been done already, as often as it may ({limit}): take it off the queue")]
    #[non_exhaustive]
    Replayed {
        /// The job.
        id: Uuid,
        /// How often it may be done.
        limit: u16,
    },

    /// The job is another tenant's than the scope in which it was to be recorded.
    #[error("job {id} belongs to another tenant than this scope: open the scope with the job's own tenant")]
    #[non_exhaustive]
    OtherTenant {
        /// The job.
        id: Uuid,
    },

    /// The job cannot be signed: its payload is nothing that JSON can say.
    #[error(
        "the payload of a `{kind}` cannot be written as JSON, which has no maps with keys that are no text"
    )]
    #[non_exhaustive]
    Unwritable {
        /// The kind.
        kind: &'static str,
    },

    /// The key cannot be used.
    #[error("{0}")]
    Key(String),
}
