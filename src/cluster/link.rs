//! Messages that arrive once and in order over a bus that may lose and repeat: each is numbered, kept until it is
//! confirmed, and sent again from the oldest on (go-back-n: the receiver takes only the number that it waits for). One that
//! is longer than a broker carries goes in pieces.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Brokers carry a megabyte unless told otherwise.
const LONGEST: usize = 256 * 1024;

/// After so long without a confirmation what was sent is sent again.
/// Confirmations come with beats, every half second.
const AGAIN_NS: u64 = 1_200_000_000;

/// Pieces that are sent again at once: an outage leaves more than a broker should get in one go.
const AT_ONCE: usize = 64;

/// The head of a numbered piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Number {
    /// Of the pieces of this direction, from 1.
    #[serde(rename = "n")]
    pub(super) number: u64,
    /// Whether another piece of the same message follows.
    #[serde(rename = "more", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) has_more: bool,
}

/// A numbered piece of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) number: Number,
    pub(super) bytes: Vec<u8>,
}

/// Keeps what was sent until it is confirmed.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// The number of the last piece.
    last: u64,
    /// What is not confirmed, the oldest first.
    kept: VecDeque<Piece>,
    /// When something was confirmed, or sent again.
    moved_ns: u64,
}

impl Outbox {
    /// Numbers a message; the pieces are to be sent now.
    pub(super) fn send(&mut self, message: &[u8], now_ns: u64) -> Vec<Piece> {
        if self.kept.is_empty() {
            self.moved_ns = now_ns;
        }
        let count = message.len().div_ceil(LONGEST).max(1);
        let pieces: Vec<Piece> = (0..count)
            .map(|at| {
                self.last += 1;
                let bytes = &message[at * LONGEST..message.len().min((at + 1) * LONGEST)];
                let number = Number { number: self.last, has_more: at + 1 < count };
                Piece { number, bytes: bytes.to_vec() }
            })
            .collect();
        self.kept.extend(pieces.iter().cloned());
        pieces
    }

    /// Everything up to this number has arrived.
    pub(super) fn confirm(&mut self, number: u64, now_ns: u64) {
        while self.kept.front().is_some_and(|piece| piece.number.number <= number) {
            self.kept.pop_front();
            self.moved_ns = now_ns;
        }
    }

    /// What is to be sent again now.
    pub(super) fn again(&mut self, now_ns: u64) -> Vec<Piece> {
        if self.kept.is_empty() || now_ns < self.moved_ns + AGAIN_NS {
            return Vec::new();
        }
        self.moved_ns = now_ns;
        self.kept.iter().take(AT_ONCE).cloned().collect()
    }

    /// Whether everything has arrived.
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}

/// Takes each piece once and in order.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    taken: u64,
    /// The pieces of a message whose end has not come.
    begun: Vec<u8>,
}

impl Inbox {
    /// The message that this piece completes, if it is the one that was waited for.
    pub(super) fn take(&mut self, number: Number, bytes: &[u8]) -> Option<Vec<u8>> {
        if number.number != self.taken + 1 {
            return None;
        }
        self.taken += 1;
        self.begun.extend_from_slice(bytes);
        (!number.has_more).then(|| std::mem::take(&mut self.begun))
    }

    /// The number up to which everything has arrived.
    pub(super) const fn taken(&self) -> u64 {
        self.taken
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn long(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at % 251) as u8).collect()
    }

    #[test]
    fn a_long_message_goes_in_pieces() {
        let (mut outbox, mut inbox) = (Outbox::default(), Inbox::default());
        for length in [0, 1, LONGEST, LONGEST + 1, 3 * LONGEST] {
            let pieces = outbox.send(&long(length), 0);
            assert_eq!(pieces.len(), length.div_ceil(LONGEST).max(1));
            let taken: Vec<_> = pieces.iter().filter_map(|p| inbox.take(p.number, &p.bytes)).collect();
            assert_eq!(taken, [long(length)]);
        }
        outbox.confirm(inbox.taken(), 0);
        assert!(outbox.is_empty());
    }

    #[test]
    fn what_is_not_confirmed_is_sent_again_after_a_while() {
        let mut outbox = Outbox::default();
        let sent = outbox.send(b"one", 1_000);
        assert_eq!(outbox.again(1_000 + AGAIN_NS - 1), []);
        assert_eq!(outbox.again(1_000 + AGAIN_NS), sent);
        assert_eq!(outbox.again(1_000 + AGAIN_NS + 1), [], "not at once again");
        outbox.confirm(1, 2_000 + AGAIN_NS);
        assert_eq!(outbox.again(u64::MAX), []);
    }

    proptest! {
        /// Whatever the bus loses and repeats: every message arrives once, in order.
        #[test]
        fn each_message_arrives_once_and_in_order(
            fates in proptest::collection::vec(0u8..3, 200),
            lengths in proptest::collection::vec(0usize..600_000, 1..12),
        ) {
            let (mut outbox, mut inbox) = (Outbox::default(), Inbox::default());
            let mut fates = fates.into_iter().chain(std::iter::repeat(1));
            let (mut now, mut received) = (0, Vec::new());
            let mut carry = |pieces: Vec<Piece>, inbox: &mut Inbox, received: &mut Vec<usize>| {
                for piece in pieces {
                    for _ in 0..fates.next().unwrap_or(1) {
                        received.extend(inbox.take(piece.number, &piece.bytes).map(|m| m.len()));
                    }
                }
            };
            for length in &lengths {
                carry(outbox.send(&long(*length), now), &mut inbox, &mut received);
                now += 1;
            }
            for _ in 0..1_000 {
                outbox.confirm(inbox.taken(), now);
                now += AGAIN_NS;
                carry(outbox.again(now), &mut inbox, &mut received);
            }
            prop_assert_eq!(received, lengths);
            outbox.confirm(inbox.taken(), now);
            prop_assert!(outbox.is_empty());
        }
    }
}
