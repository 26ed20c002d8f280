use super::{
    clock::{Comparison, Offset, Times},
    lease::{BEAT_NS, Lease},
    link::{Inbox, Outbox, Piece},
    message::{Beat, Down, DownHead, Pong, Up, UpHead, as_bytes, packet, unpacked},
};

/// Between two beats until the clocks are compared.
const FIRST_BEATS_NS: u64 = 30_000_000;

/// Round trips before a node counts its clock as compared.
const TRIPS: u32 = 5;

/// A node's end of a meeting: what it says reaches node 0 once and in order, and the other way round.
#[derive(Debug)]
pub(super) struct Member {
    node: u32,
    outbox: Outbox,
    inbox: Inbox,
    comparison: Comparison,
    trips: u32,
    lease: Lease,
    next_beat_ns: u64,
    was_given_up: bool,
}

impl Member {
    pub(super) fn new(node: u32, now_ns: u64) -> Self {
        Self {
            node,
            outbox: Outbox::default(),
            inbox: Inbox::default(),
            comparison: Comparison::default(),
            trips: 0,
            lease: Lease::new(now_ns),
            next_beat_ns: 0,
            was_given_up: false,
        }
    }

    /// What to send for saying this.
    pub(super) fn say(&mut self, word: &Up, now_ns: u64) -> Vec<Vec<u8>> {
        // Readings are confirmed with the next beat; for all else somebody waits.
        if !matches!(word, Up::Delta(_)) {
            self.next_beat_ns = 0;
        }
        let pieces = self.outbox.send(&as_bytes(word), now_ns);
        pieces.into_iter().map(|piece| self.packet(&piece)).collect()
    }

    fn packet(&self, piece: &Piece) -> Vec<u8> {
        packet(&UpHead { node: self.node, beat: None, piece: Some(piece.number) }, &piece.bytes)
    }

    /// Takes in what came from node 0, for this node or for all.
    pub(super) fn hear(&mut self, bytes: &[u8], now: Times) -> Option<Down> {
        let (head, body) = unpacked::<DownHead>(bytes)?;
        self.lease.heard(now.running_ns);
        if let Some(pong) = head.pong {
            self.answered(&pong, now);
        }
        let message = self.inbox.take(head.piece?, body)?;
        self.next_beat_ns = 0;
        serde_json::from_slice(&message).ok()
    }

    fn answered(&mut self, pong: &Pong, now: Times) {
        self.comparison.trip(pong.sent, pong.theirs, now);
        self.trips += 1;
        self.outbox.confirm(pong.confirmed, now.running_ns);
        self.was_given_up |= pong.is_lost;
    }

    /// What is due to be sent now.
    pub(super) fn tick(&mut self, now: Times) -> Vec<Vec<u8>> {
        let mut packets: Vec<Vec<u8>> =
            self.outbox.again(now.running_ns).iter().map(|piece| self.packet(piece)).collect();
        if now.running_ns >= self.next_beat_ns {
            self.next_beat_ns = now.running_ns + if self.trips < TRIPS { FIRST_BEATS_NS } else { BEAT_NS };
            packets.push(self.beat(now));
        }
        packets
    }

    /// Says that this node is there, and what has arrived.
    pub(super) fn beat(&self, now: Times) -> Vec<u8> {
        let offset = self.comparison.at(now.running_ns);
        let beat = Beat { sent: now, confirmed: self.inbox.taken(), offset };
        packet(&UpHead { node: self.node, beat: Some(beat), piece: None }, &[])
    }

    /// How far node 0's clocks are from ours, once there were enough trips.
    pub(super) fn offset(&self, now_ns: u64) -> Option<Offset> {
        self.comparison.at(now_ns).filter(|_| self.trips >= TRIPS)
    }

    /// For how long node 0 was not heard, if that is too long.
    pub(super) fn silence_ns(&self, now_ns: u64) -> Option<u64> {
        self.lease.silence_ns(now_ns)
    }

    /// Whether node 0 was ever heard.
    pub(super) const fn has_heard(&self) -> bool {
        self.lease.has_spoken()
    }

    /// Whether node 0 counts this node as lost.
    pub(super) const fn was_given_up(&self) -> bool {
        self.was_given_up
    }

    /// Whether everything that was said has arrived.
    pub(super) fn is_heard(&self) -> bool {
        self.outbox.is_empty()
    }
}
