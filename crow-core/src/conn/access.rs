//! Why somebody crosses the border between tenants.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::error::Error;

/// Who goes across tenants, why, whether to write, and until when. All of it ends up in
/// `crow.access_log`.
///
/// ```
/// use crow_core::Access;
///
/// let reading = Access::new("billing-job", "monthly invoices");
/// let repair = Access::new("Ada", "ticket 4711: wrong VAT").writing();
/// let audit = Access::new("auditor@example.org", "yearly audit")
///     .until(chrono::Utc::now() + chrono::TimeDelta::hours(8));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an access does nothing until it is used"]
pub struct Access {
    pub(super) actor: String,
    pub(super) reason: String,
    writes: bool,
    pub(super) expires: Option<DateTime<Utc>>,
}

/// The most characters of an actor, and of a reason.
const LONGEST: [usize; 2] = [100, 1000];

impl Access {
    /// An access that reads.
    ///
    /// `actor` names a person or a job, such as `"billing-job"`, in up to 100 characters; `reason`
    /// says why, such as `"monthly invoices"`, in up to 1000. Both are one line of text that is not
    /// blank; where the access is used, other texts are refused.
    pub fn new(actor: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { actor: actor.into(), reason: reason.into(), writes: false, expires: None }
    }

    /// Lets the access write as well. Without this the transactions of its connection are read-only.
    pub fn writing(mut self) -> Self {
        self.writes = true;
        self
    }

    /// Ends the access at this time: from then on it opens nothing, and what it has opened is closed.
    /// By default it lasts as long as its connection is held.
    pub fn until(mut self, expires: DateTime<Utc>) -> Self {
        self.expires = Some(expires);
        self
    }

    pub(super) fn mode(&self) -> &'static str {
        if self.writes { "write" } else { "read" }
    }

    /// How long the access still lasts.
    pub(super) fn left(&self) -> Result<Option<Duration>, Error> {
        let left =
            |expires: DateTime<Utc>| (expires - Utc::now()).to_std().ok().filter(|left| !left.is_zero());
        self.expires.map(|expires| left(expires).ok_or(Error::AccessExpired)).transpose()
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        for ((name, text), longest) in
            [("actor", &self.actor), ("reason", &self.reason)].into_iter().zip(LONGEST)
        {
            let fault = if text.trim().is_empty() {
                "it is blank".to_owned()
            } else if text.chars().count() > longest {
                format!("it is longer than {longest} characters")
            } else if text.chars().any(hides) {
                "it has characters that are no text, such as a line break".to_owned()
            } else {
                continue;
            };
            return Err(Error::Invalid(format!(
                "the {name} of an access across tenants cannot be recorded, because {fault}: \
                 write `Access::new(\"billing-job\", \"monthly invoices\")`"
            )));
        }
        self.left().map(drop)
    }
}

/// Whether a character could make a line of the log look like another one: it breaks the line,
/// steers a terminal, or turns the direction of what is beside it.
fn hides(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}
