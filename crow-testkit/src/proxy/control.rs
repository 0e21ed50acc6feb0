//! What a test has told its proxy.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::hold::{Fate, Hold, Holder};
use super::message::{Direction, Message};
use super::rounds::Rounds;

/// Shared by the test and all connections.
#[derive(Clone, Default)]
pub(super) struct Control {
    state: Arc<Mutex<State>>,
    frozen: Arc<watch::Sender<bool>>,
    cuts: Arc<watch::Sender<()>>,
}

#[derive(Default)]
struct State {
    to_server: Duration,
    to_client: Duration,
    holders: Vec<Holder>,
    rounds: Vec<Arc<Mutex<Rounds>>>,
}

impl Control {
    pub(super) fn delay(&self, direction: Direction, delay: Duration) {
        let mut state = locked(&self.state);
        match direction {
            Direction::ToServer => state.to_server = delay,
            Direction::ToClient => state.to_client = delay,
        }
    }

    pub(super) fn delay_of(&self, direction: Direction) -> Duration {
        let state = locked(&self.state);
        match direction {
            Direction::ToServer => state.to_server,
            Direction::ToClient => state.to_client,
        }
    }

    pub(super) fn freeze(&self, frozen: bool) {
        self.frozen.send_replace(frozen);
    }

    /// Waits for as long as everything is frozen.
    pub(super) async fn thawed(&self) {
        // Fails when the test is over, and then nobody waits.
        let _ = self.frozen.subscribe().wait_for(|frozen| !frozen).await;
    }

    pub(super) fn cut(&self) {
        self.cuts.send_replace(());
    }

    /// Tells of the cuts from now on.
    pub(super) fn cuts(&self) -> watch::Receiver<()> {
        self.cuts.subscribe()
    }

    pub(super) fn hold(&self, which: Box<dyn FnMut(&Message) -> bool + Send>) -> Hold {
        let (hold, holder) = Hold::new(which);
        locked(&self.state).holders.push(holder);
        hold
    }

    /// Shows a message that is about to be delivered to the holds. One that is held waits for
    /// the end of what is returned.
    pub(super) fn meets(&self, message: &Message) -> Option<oneshot::Receiver<Fate>> {
        let mut state = locked(&self.state);
        // Whoever let go of a hold before its message came wants nothing held.
        state.holders.retain(|holder| !holder.arrival.is_closed());
        let at = state.holders.iter_mut().position(|holder| (holder.which)(message))?;
        let holder = state.holders.remove(at);
        holder.arrival.send(message.clone()).ok().map(|()| holder.fate)
    }

    /// The counter of a connection that begins.
    pub(super) fn rounds(&self) -> Arc<Mutex<Rounds>> {
        let rounds = Arc::default();
        locked(&self.state).rounds.push(Arc::clone(&rounds));
        rounds
    }

    pub(super) fn round_trips(&self) -> Vec<u64> {
        locked(&self.state).rounds.iter().map(|rounds| locked(rounds).count).collect()
    }

    pub(super) fn reset_round_trips(&self) {
        let mut state = locked(&self.state);
        // The connections have the other handle, while they last.
        state.rounds.retain(|rounds| Arc::strong_count(rounds) > 1);
        state.rounds.iter().for_each(|rounds| locked(rounds).count = 0);
    }
}

/// A panic while it was held, in a test's own predicate, has not half-changed anything.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
