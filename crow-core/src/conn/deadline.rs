//! A bound on time, kept on this side.

use std::time::Duration;

use crate::error::Error;

/// Runs a unit of work to its deadline. Past it the work is dropped where it stands, which leaves
/// its connection marked, and so closed.
pub(super) async fn within<R, E: From<Error>>(
    deadline: Duration,
    work: impl Future<Output = Result<R, E>>,
) -> Result<R, E> {
    tokio::time::timeout(deadline, work).await.unwrap_or_else(|_| Err(Error::Deadline.into()))
}
