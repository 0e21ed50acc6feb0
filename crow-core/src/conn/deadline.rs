//! Bounds on time, kept on this side: a frozen server keeps none.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::Error;

/// When a unit of work has to be at its end, and what it ends in if it is not.
#[derive(Clone, Copy)]
pub(super) struct Deadline {
    /// `None` is further away than the clock goes.
    at: Option<Instant>,
    late: Late,
}

#[derive(Clone, Copy)]
enum Late {
    Deadline(Duration),
    AccessExpired,
}

impl Deadline {
    /// The clock starts now.
    pub(super) fn after(limit: Duration) -> Self {
        Self { at: Instant::now().checked_add(limit), late: Late::Deadline(limit) }
    }

    /// For the admin's own connections, whose work nobody but the admin bounds.
    pub(super) fn none() -> Self {
        Self::after(Duration::MAX)
    }

    /// The same, unless the access that the work is for expires before.
    pub(super) fn or_expired_after(self, lasts: Option<Duration>) -> Self {
        match lasts.and_then(|lasts| Instant::now().checked_add(lasts)) {
            Some(expires) if self.at.is_none_or(|at| expires < at) => {
                Self { at: Some(expires), late: Late::AccessExpired }
            }
            _ => self,
        }
    }

    pub(super) fn left(&self) -> Duration {
        self.at.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()))
    }

    /// Runs work until it is late, and then drops it where it stands. That leaves its connection
    /// marked, and so closed.
    pub(super) async fn bound<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        let late = || match self.late {
            Late::Deadline(limit) => Error::Deadline(limit),
            Late::AccessExpired => Error::AccessExpired,
        };
        match self.at {
            None => Ok(work.await),
            Some(at) => tokio::time::timeout_at(at, work).await.map_err(|_| late()),
        }
    }
}

/// How long the server may take to answer a question of crow's own.
const ANSWER: Duration = Duration::from_secs(15);

/// Waits for the server's answer to a question of crow's own.
pub(super) async fn answered<T>(question: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(ANSWER, question).await.unwrap_or_else(|_| Err(silent()))
}

/// The server is there, and does not answer.
pub(super) fn silent() -> Error {
    Error::Connection("the server did not answer in time: check that it runs and is not overloaded".into())
}
