//! A message that is held back.

use std::fmt;

use tokio::sync::oneshot;

use super::message::Message;

/// A message that [`Proxy::hold`](super::Proxy::hold) waits for and holds back. Dropping this
/// lets it pass.
pub struct Hold {
    arrival: Option<oneshot::Receiver<Message>>,
    arrived: Option<Message>,
    fate: oneshot::Sender<Fate>,
}

/// The other end of a [`Hold`].
pub(super) struct Holder {
    pub(super) which: Box<dyn FnMut(&Message) -> bool + Send>,
    pub(super) arrival: oneshot::Sender<Message>,
    /// Without one, in the end, the message passes.
    pub(super) fate: oneshot::Receiver<Fate>,
}

/// What becomes of a message that does not pass.
pub(super) enum Fate {
    /// Its connection breaks after so many of its bytes.
    Cut(usize),
    Replace(Vec<u8>),
}

impl Hold {
    pub(super) fn new(which: Box<dyn FnMut(&Message) -> bool + Send>) -> (Self, Holder) {
        let (arrival, arrives) = oneshot::channel();
        let (decides, fate) = oneshot::channel();
        (Self { arrival: Some(arrives), arrived: None, fate: decides }, Holder { which, arrival, fate })
    }

    /// Waits until the message is there, and tells what it is. Returns at once from then on. Never
    /// returns if no such message comes.
    pub async fn reached(&mut self) -> &Message {
        if let Some(arrival) = &mut self.arrival {
            match arrival.await {
                Ok(message) => self.arrived = Some(message),
                // The proxy is gone: so it will not come.
                Err(_) => std::future::pending().await,
            }
            self.arrival = None;
        }
        self.arrived.as_ref().expect("it has arrived")
    }

    /// Whether the message is there.
    #[must_use]
    pub fn is_reached(&mut self) -> bool {
        if let Some(Ok(message)) = self.arrival.as_mut().map(oneshot::Receiver::try_recv) {
            self.arrival = None;
            self.arrived = Some(message);
        }
        self.arrived.is_some()
    }

    /// Lets the message pass, and all that waits behind it.
    pub fn release(self) {}

    /// Breaks the connection on both sides after so many bytes of the message: after none of it, in
    /// the middle, or after all of it. Whatever waits behind it is lost.
    pub fn cut(self, after: usize) {
        self.decide(Fate::Cut(after));
    }

    /// Delivers other bytes in the place of the message, such as a message that the server refuses.
    pub fn replace(self, bytes: impl Into<Vec<u8>>) {
        self.decide(Fate::Replace(bytes.into()));
    }

    fn decide(self, fate: Fate) {
        // Nobody is there to hear it if the connection is broken already.
        let _ = self.fate.send(fate);
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").field("arrived", &self.arrived).finish_non_exhaustive()
    }
}
