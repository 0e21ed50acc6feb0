//! Where one message ends and the next begins.

use std::io;
use std::sync::Mutex;

use bytes::{Buf, BytesMut};

use super::control::locked;
use super::message::{Direction, Kind, Message};

const CANCEL: u32 = 80_877_102;
const ENCRYPT: [u32; 2] = [80_877_103, 80_877_104];

/// What one direction of a connection has to know of the other to read it.
#[derive(Default)]
pub(super) struct Talk(Mutex<Phase>);

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    /// The client's first message, without a tag.
    #[default]
    Opening,
    /// The client asked whether to encrypt, and one byte answers.
    Asked,
    /// Every message has a tag.
    Tagged,
    /// Nothing can be told any more.
    Encrypted,
}

impl Talk {
    /// Takes the next whole message off the front of what has arrived.
    ///
    /// # Errors
    ///
    /// If it is no message of PostgreSQL's.
    pub(super) fn next(&self, direction: Direction, arrived: &mut BytesMut) -> io::Result<Option<Message>> {
        let mut phase = locked(&self.0);
        let Some(&first) = arrived.first() else { return Ok(None) };
        // A TLS client that does not ask first begins with a handshake record.
        if *phase == Phase::Opening && first == 0x16 {
            *phase = Phase::Encrypted;
        }
        let (kind, length) = match (*phase, direction) {
            (Phase::Encrypted, _) => (Kind::Opaque, arrived.len()),
            // A server that does not know the question answers it with an error, tagged as usual.
            (Phase::Asked, Direction::ToClient) if first != b'E' => {
                *phase = if first == b'N' { Phase::Opening } else { Phase::Encrypted };
                (Kind::Encryption, 1)
            }
            (Phase::Opening | Phase::Asked, Direction::ToServer) => {
                let (Some(length), Some(code)) = (number(arrived, 0), number(arrived, 4)) else {
                    return Ok(None);
                };
                if arrived.len() >= length as usize {
                    *phase = if ENCRYPT.contains(&code) { Phase::Asked } else { Phase::Tagged };
                }
                (Kind::Opening { cancels: code == CANCEL }, length as usize)
            }
            _ => match number(arrived, 1) {
                Some(length) => (Kind::Tagged(first), 1 + length as usize),
                None => return Ok(None),
            },
        };
        if length > 1 << 30 || (length < 4 && kind != Kind::Encryption && kind != Kind::Opaque) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is not PostgreSQL's protocol"));
        }
        if arrived.len() < length {
            return Ok(None);
        }
        Ok(Some(Message { direction, kind, bytes: arrived.split_to(length).freeze() }))
    }
}

/// The number that stands at a place, if it has arrived.
fn number(arrived: &BytesMut, at: usize) -> Option<u32> {
    arrived.get(at..at + 4).map(|mut bytes| bytes.get_u32())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(talk: &Talk, direction: Direction, bytes: &[u8]) -> Vec<(Kind, usize)> {
        let mut arrived = BytesMut::new();
        let mut messages = Vec::new();
        // Byte by byte, as the network may cut it.
        for byte in bytes {
            arrived.extend_from_slice(&[*byte]);
            while let Some(message) = talk.next(direction, &mut arrived).expect("the protocol") {
                messages.push((message.kind, message.bytes.len()));
            }
        }
        assert!(arrived.is_empty() || messages.is_empty());
        messages
    }

    fn opening(code: u32) -> Vec<u8> {
        [&8_u32.to_be_bytes()[..], &code.to_be_bytes()[..]].concat()
    }

    #[test]
    fn a_login_without_encryption_is_read_message_by_message() {
        let talk = Talk::default();
        let opened = [(Kind::Opening { cancels: false }, 8)];
        assert_eq!(read(&talk, Direction::ToServer, &opening(ENCRYPT[0])), opened);
        assert_eq!(read(&talk, Direction::ToClient, b"N"), [(Kind::Encryption, 1)]);
        assert_eq!(read(&talk, Direction::ToServer, &opening(196_608)), opened);
        let answers = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";
        assert_eq!(
            read(&talk, Direction::ToClient, answers),
            [(Kind::Tagged(b'R'), 9), (Kind::Tagged(b'Z'), 6)]
        );
        assert_eq!(read(&talk, Direction::ToServer, b"S\0\0\0\x04"), [(Kind::Tagged(b'S'), 5)]);
    }

    #[test]
    fn what_is_encrypted_passes_as_it_comes() {
        let talk = Talk::default();
        read(&talk, Direction::ToServer, &opening(ENCRYPT[0]));
        assert_eq!(read(&talk, Direction::ToClient, b"S"), [(Kind::Encryption, 1)]);
        assert_eq!(read(&talk, Direction::ToServer, b"\x16\x03"), [(Kind::Opaque, 1); 2]);
        assert_eq!(read(&Talk::default(), Direction::ToServer, b"\x16\x03"), [(Kind::Opaque, 1); 2]);
    }

    #[test]
    fn what_is_no_protocol_is_refused() {
        let talk = Talk::default();
        assert!(talk.next(Direction::ToServer, &mut BytesMut::from("GET / HTTP/1.1")).is_err());
    }
}
