//! What travels, and in which direction.

use bytes::Bytes;

/// Where something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From a client to the server.
    ToServer,
    /// From the server to a client.
    ToClient,
}

/// One message of PostgreSQL's protocol, or inside TLS one piece of what cannot be read.
#[derive(Clone, Debug)]
pub struct Message {
    pub(super) direction: Direction,
    pub(super) kind: Kind,
    pub(super) bytes: Bytes,
}

/// How a message tells what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// By its first byte.
    Tagged(u8),
    /// By its place: what a client begins with, which is asked to cancel somebody else's query or not.
    Opening { cancels: bool },
    /// By its place: whether the server wants encryption.
    Encryption,
    /// Not at all: it is encrypted.
    Opaque,
}

impl Message {
    /// Where it goes.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The byte that says what it is, such as `b'Q'` for a query of the simple protocol; `None`
    /// for what a connection begins with and for what is encrypted.
    #[must_use]
    pub fn tag(&self) -> Option<u8> {
        match self.kind {
            Kind::Tagged(tag) => Some(tag),
            Kind::Opening { .. } | Kind::Encryption | Kind::Opaque => None,
        }
    }

    /// All of it, the tag and the length included.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether `text` stands in it, as SQL does in a `Parse` or `Query`.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        text.is_empty() || self.bytes.windows(text.len()).any(|window| window == text.as_bytes())
    }
}
