use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{shared::Shared, terms::CutKind};

/// What a piece takes beside its bytes.
const PIECE_COST: u64 = 64;

/// Beyond what any clock here reaches, as good as never.
pub(super) const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3_600);

/// Bytes under way in one direction, each with the moment when it is due: a delay, but no limit of what it carries.
#[derive(Debug)]
pub(super) struct Line {
    pieces: VecDeque<Piece>,
    ending: Option<(Instant, Ending)>,
    /// Nothing overtakes.
    last_due: Option<Instant>,
    held: u64,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Piece {
    due: Instant,
    bytes: Vec<u8>,
    written: usize,
}

/// How a direction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Its sender has sent everything.
    Sent,
    /// A connection was reset or broke.
    Broken,
    /// A toxic ends it.
    Cut(CutKind),
}

/// What is due next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Front<'a> {
    Bytes(Instant, &'a [u8]),
    Ending(Instant, Ending),
}

/// `now` and `by`, however long that is.
pub(super) fn later(now: Instant, by: Duration) -> Instant {
    now.checked_add(by).unwrap_or_else(|| now + FAR)
}

impl Line {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { pieces: VecDeque::new(), ending: None, last_due: None, held: 0, shared }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// What it holds, bytes and what it needs to hold them.
    pub(super) const fn held(&self) -> u64 {
        self.held
    }

    /// Holds `bytes` until `due`, or until those before them are due.
    pub(super) fn push(&mut self, due: Instant, bytes: &[u8]) {
        let due = self.after_the_last(due);
        self.pieces.push_back(Piece { due, bytes: bytes.to_vec(), written: 0 });
        let cost = bytes.len() as u64 + PIECE_COST;
        self.held += cost;
        self.shared.hold(cost);
    }

    /// Ends it after all that it holds; the first end is the one that counts.
    pub(super) fn end(&mut self, due: Instant, ending: Ending) {
        let due = self.after_the_last(due);
        self.ending.get_or_insert((due, ending));
    }

    pub(super) fn front(&self) -> Option<Front<'_>> {
        match self.pieces.front() {
            Some(piece) => Some(Front::Bytes(piece.due, &piece.bytes[piece.written..])),
            None => self.ending.map(|(due, ending)| Front::Ending(due, ending)),
        }
    }

    /// So many bytes of the front have been written.
    pub(super) fn written(&mut self, bytes: usize) {
        let Some(piece) = self.pieces.front_mut() else { return };
        piece.written += bytes;
        if piece.written >= piece.bytes.len() {
            let cost = piece.bytes.len() as u64 + PIECE_COST;
            self.pieces.pop_front();
            self.held -= cost;
            self.shared.release(cost);
        }
    }

    /// No bytes are due later than `latest`, nor their end later than `latest_end`: the network has got better.
    pub(super) fn hasten(&mut self, latest: Instant, latest_end: Instant) {
        self.pieces.iter_mut().for_each(|piece| piece.due = piece.due.min(latest));
        if let Some((due, _)) = &mut self.ending {
            *due = latest_end.min(*due);
        }
        self.last_due = self.last_due.map(|due| due.min(latest));
    }

    fn after_the_last(&mut self, due: Instant) -> Instant {
        let due = self.last_due.map_or(due, |last| due.max(last));
        self.last_due = Some(due);
        due
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.shared.release(self.held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{ByteSize, millis};

    fn line() -> (Line, Arc<Shared>) {
        let shared = Arc::new(Shared::new(0, ByteSize::new(1)));
        (Line::new(Arc::clone(&shared)), shared)
    }

    #[test]
    fn order_is_kept_whatever_the_delays() {
        let (mut line, _) = line();
        let now = Instant::now();
        line.push(now + millis(50), b"first");
        line.push(now + millis(10), b"second");
        line.end(now, Ending::Sent);
        line.end(now, Ending::Broken);
        let due = now + millis(50);
        assert_eq!(line.front(), Some(Front::Bytes(due, b"first")));
        line.written(2);
        assert_eq!(line.front(), Some(Front::Bytes(due, b"rst")));
        line.written(3);
        assert_eq!(line.front(), Some(Front::Bytes(due, b"second")));
        line.written(6);
        assert_eq!(line.front(), Some(Front::Ending(due, Ending::Sent)));
        assert!(line.is_empty());
    }

    #[test]
    fn what_is_under_way_comes_at_once_when_the_delay_is_healed() {
        let (mut line, _) = line();
        let now = Instant::now();
        line.push(now + millis(5), b"soon");
        line.push(later(now, Duration::MAX), b"never");
        line.hasten(now + millis(20), now + millis(20));
        line.written(4);
        assert_eq!(line.front(), Some(Front::Bytes(now + millis(20), b"never")));
        line.push(now + millis(21), b"next");
        line.written(5);
        assert_eq!(line.front(), Some(Front::Bytes(now + millis(21), b"next")));
    }

    #[test]
    fn what_is_held_is_counted_and_given_back() {
        let (mut line, shared) = line();
        line.push(Instant::now(), &[0; 1_000]);
        line.push(Instant::now(), &[0; (256 << 20) - 2 * 64 - 1_000]);
        assert_eq!(line.held(), 256 << 20);
        assert!(!shared.has_room());
        line.written(1_000);
        assert!(shared.has_room());
        line.push(Instant::now(), &[0; 2_000]);
        assert!(!shared.has_room());
        drop(line);
        assert!(shared.has_room());
    }
}
