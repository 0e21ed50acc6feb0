//! Dropping a future where it waits.
//!
//! A future may be dropped at any of its awaits: by a timeout, by `select!`, by a client that hangs up.
//! What it was about to do then is half done. These functions drop it at each of them:
//!
//! ```
//! use crow_testkit::cancel;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let work = async || {
//!     tokio::task::yield_now().await;
//!     tokio::task::yield_now().await;
//!     "done"
//! };
//! let mut outcomes = Vec::new();
//! cancel::at_every_await(work, async |polls, outcome| {
//!     outcomes.push((polls, outcome));
//!     Ok::<_, std::io::Error>(())
//! })
//! .await?;
//! assert_eq!(outcomes, [(0, None), (1, None), (2, None), (3, Some("done"))]);
//! # Ok(()) }
//! ```

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Polls a future so many times and drops it; `None` if it was not ready by then. With 0 it is
/// dropped before it begins.
pub async fn after_polls<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Runs the work again and again, each time one poll further before it is dropped, until it comes
/// to its end. After each time `check` is told the number of polls, and the output of the work if it
/// came to its end, and has to make sure that what is left is in order.
///
/// A future that waits for several things at once is polled for each, so all waits are met, those inside
/// other futures too. What the work does has to be the same each time; how many polls it takes may
/// differ, as the network pleases.
///
/// # Errors
///
/// The first error of `check`.
pub async fn at_every_await<T, E>(
    mut work: impl AsyncFnMut() -> T,
    mut check: impl AsyncFnMut(usize, Option<T>) -> Result<(), E>,
) -> Result<(), E> {
    let mut polls = 0;
    loop {
        let outcome = after_polls(polls, work()).await;
        let done = outcome.is_some();
        check(polls, outcome).await?;
        if done {
            return Ok(());
        }
        polls += 1;
    }
}
