//! How often the client of a connection may have waited.

use std::collections::VecDeque;

use super::message::{Direction, Kind, Message};

/// See [`Proxy`](super::Proxy#what-a-round-trip-is).
#[derive(Default)]
pub(super) struct Rounds {
    /// Since the last reset.
    pub(super) count: u64,
    current: u64,
    /// The round trip of the last question that was answered.
    answered: u64,
    /// The round trip of each question that the server has yet to get ready after.
    asked: VecDeque<u64>,
    /// The last message was a goodbye.
    leaving: bool,
}

impl Rounds {
    /// A message of the client has come, or one of the server is about to be delivered.
    pub(super) fn see(&mut self, message: &Message) {
        match message.direction {
            Direction::ToServer => self.sent(message.kind),
            Direction::ToClient => self.delivered(message),
        }
    }

    fn sent(&mut self, kind: Kind) {
        if matches!(kind, Kind::Tagged(b'X' | b'C') | Kind::Opening { cancels: true }) {
            self.leaving = true;
            return;
        }
        let leaving = std::mem::take(&mut self.leaving) && kind == Kind::Tagged(b'S');
        if self.answered == self.current && !leaving {
            self.current += 1;
            self.count += 1;
        }
        // Sync, Query, FunctionCall, and the beginning, after which the server gets ready once.
        if matches!(kind, Kind::Tagged(b'S' | b'Q' | b'F') | Kind::Opening { .. }) {
            self.asked.push_back(self.current);
        }
    }

    fn delivered(&mut self, message: &Message) {
        match message.kind {
            // Ready for a query.
            Kind::Tagged(b'Z') => {
                self.answered = self.asked.pop_front().unwrap_or(self.current).max(self.answered);
            }
            // The data of a COPY is waited for, and what was asked before it comes is not heard.
            Kind::Tagged(b'G' | b'W') => {
                self.asked.clear();
                self.answered = self.current;
            }
            // The beginning goes on: the client has to authenticate itself, or may begin again.
            Kind::Tagged(b'R') if !is_authenticated(message) => self.answered = self.current,
            Kind::Encryption => {
                self.asked.clear();
                self.answered = self.current;
            }
            Kind::Opaque => self.answered = self.current,
            Kind::Tagged(_) | Kind::Opening { .. } => {}
        }
    }
}

/// The server needs nothing of the client: it is content, or says its last word of a SASL exchange.
fn is_authenticated(message: &Message) -> bool {
    matches!(message.bytes.get(5..9), Some([0, 0, 0, 0 | 12]))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// Upper case: the client sends it; lower case: it is delivered to the client.
    fn count(conversation: &str) -> u64 {
        let mut rounds = Rounds::default();
        for letter in conversation.bytes() {
            let direction =
                if letter.is_ascii_uppercase() { Direction::ToServer } else { Direction::ToClient };
            let kind = Kind::Tagged(letter.to_ascii_uppercase());
            rounds.see(&Message { direction, kind, bytes: Bytes::new() });
        }
        rounds.count
    }

    #[test]
    fn a_question_and_its_answer_are_one() {
        assert_eq!(count("PBES12dcz"), 1);
        assert_eq!(count("QdcczQdcz"), 2);
        assert_eq!(count(""), 0);
    }

    #[test]
    fn what_leaves_before_an_answer_is_one_with_what_left_before() {
        assert_eq!(count("BESBESBESzzz"), 1);
        assert_eq!(count("BESBEScdBESzzz"), 1, "part of an answer is none");
        assert_eq!(count("BESBESzBESzz"), 2, "it may have waited for the first");
    }

    #[test]
    fn chains_side_by_side_are_as_long_as_the_longest() {
        assert_eq!(count("QQzQzQzz"), 2);
        assert_eq!(count("QQzQzQzQzQzz"), 3);
    }

    #[test]
    fn goodbye_waits_for_nothing() {
        assert_eq!(count("QzX"), 1);
        assert_eq!(count("QzCSzBESz"), 2, "to a statement");
        assert_eq!(count("QzCSBESzz"), 2);
        assert_eq!(count("BEScCSzBESzzQz"), 3);
    }

    #[test]
    fn a_copy_waits_for_the_server_to_be_ready_for_data() {
        assert_eq!(count("QgDDCczQz"), 3);
        assert_eq!(count("BESgDDCScz"), 2);
    }
}
