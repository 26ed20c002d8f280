use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::watch;

use super::toxic::{Direction, Toxic};
use crate::units::ByteSize;

/// What all connections of a proxy together hold of bytes that are under way.
const MOST_HELD: u64 = 256 << 20;

/// What a proxy's guard, its acceptor and its connections share.
#[derive(Debug)]
pub(super) struct Shared {
    toxics: Mutex<Toxics>,
    /// Counts the changes of `toxics`. Nobody who waits for one can miss it.
    changes: watch::Sender<u64>,
    pub(super) counts: Counts,
    held: AtomicU64,
    seed: u64,
    pub(super) buffer: u64,
}

#[derive(Debug, Default)]
struct Toxics {
    present: Vec<(u64, Toxic)>,
    added: u64,
    is_over: bool,
}

/// What a [`Proxy`](super::Proxy) has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyCounts {
    /// Connections that clients have made.
    pub connections: u64,
    /// Those of them that are open now.
    pub open: u64,
    /// Those that were reset on arrival by [`Toxic::refuse`]. What the system refused meanwhile is not known.
    pub refused: u64,
    /// Those for which there was no connection to the server.
    pub unreachable: u64,
    /// Those that a toxic has reset or closed.
    pub cut: u64,
    /// Bytes that were handed on to the server.
    pub to_server_bytes: u64,
    /// Bytes that were handed on to clients.
    pub to_client_bytes: u64,
    /// Bytes that vanished in a black hole.
    pub lost_bytes: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) connections: AtomicU64,
    pub(super) open: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) unreachable: AtomicU64,
    pub(super) cut: AtomicU64,
    pub(super) to_server: AtomicU64,
    pub(super) to_client: AtomicU64,
    pub(super) lost: AtomicU64,
}

impl Counts {
    pub(super) fn read(&self) -> ProxyCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Acquire);
        ProxyCounts {
            connections: read(&self.connections),
            open: read(&self.open),
            refused: read(&self.refused),
            unreachable: read(&self.unreachable),
            cut: read(&self.cut),
            to_server_bytes: read(&self.to_server),
            to_client_bytes: read(&self.to_client),
            lost_bytes: read(&self.lost),
        }
    }

    /// Where the bytes are counted that go this way.
    pub(super) const fn passed(&self, direction: Direction) -> &AtomicU64 {
        match direction {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        }
    }
}

impl Shared {
    pub(super) fn new(seed: u64, buffer: ByteSize) -> Self {
        Self {
            toxics: Mutex::default(),
            changes: watch::Sender::new(0),
            counts: Counts::default(),
            held: AtomicU64::new(0),
            seed,
            buffer: buffer.bytes(),
        }
    }

    /// Puts `toxic` in and says which one it is. After the end of the proxy's time there is none any more.
    pub(super) fn add(&self, toxic: Toxic) -> u64 {
        let mut toxics = self.toxics();
        toxics.added += 1;
        let id = toxics.added;
        if !toxics.is_over {
            toxics.present.push((id, toxic));
            self.changed();
        }
        id
    }

    pub(super) fn remove(&self, id: u64) {
        let mut toxics = self.toxics();
        let before = toxics.present.len();
        toxics.present.retain(|(other, _)| *other != id);
        if toxics.present.len() < before {
            self.changed();
        }
    }

    /// Takes all toxics out, and lets none in any more.
    pub(super) fn end(&self) {
        let mut toxics = self.toxics();
        toxics.is_over = true;
        toxics.present.clear();
        self.changed();
    }

    /// The toxics that hit connection `number`, and the number of changes that have led to them.
    pub(super) fn of_connection(&self, number: u64) -> (u64, Vec<(u64, Toxic)>) {
        let toxics = self.toxics();
        let hit = toxics.present.iter().filter(|(id, toxic)| toxic.hits(self.lot(*id, number)));
        (self.generation(), hit.cloned().collect())
    }

    pub(super) fn refuses_all(&self) -> bool {
        self.toxics().present.iter().any(|(_, toxic)| toxic.refuses_all())
    }

    /// How often the toxics have changed.
    pub(super) fn generation(&self) -> u64 {
        *self.changes.borrow()
    }

    /// Hears of every change from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Whether a connection may take more than it needs to make any progress.
    pub(super) fn has_room(&self) -> bool {
        self.held.load(Ordering::Relaxed) < MOST_HELD
    }

    pub(super) fn hold(&self, bytes: u64) {
        self.held.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn release(&self, bytes: u64) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Random numbers for what happens within one direction of a connection.
    pub(super) fn random(&self, connection: u64, direction: Direction) -> fastrand::Rng {
        fastrand::Rng::with_seed(mixed(self.seed ^ mixed(connection)) ^ direction as u64)
    }

    /// Under `toxics`, so that a number of changes goes with one list.
    fn changed(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// 0 to 1, evenly: a function of the seed, the toxic and the connection alone.
    fn lot(&self, toxic: u64, connection: u64) -> f64 {
        let bits = mixed(mixed(self.seed ^ mixed(toxic)) ^ connection);
        (bits >> 11) as f64 / (1u64 << 53) as f64
    }

    fn toxics(&self) -> MutexGuard<'_, Toxics> {
        self.toxics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014), one step on: neighbours become unlike.
const fn mixed(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Ratio;

    fn hit(seed: u64, share: f64) -> Vec<u64> {
        let shared = Shared::new(seed, ByteSize::new(1));
        shared.add(Toxic::reset().for_share(Ratio::new(share)));
        (0..10_000).filter(|number| !shared.of_connection(*number).1.is_empty()).collect()
    }

    #[test]
    fn a_share_of_the_connections_is_hit_and_the_seed_decides_which() {
        let some = hit(7, 0.3);
        // Five standard deviations of a binomial distribution around its mean.
        assert!((2_770..3_230).contains(&some.len()), "{} of 10 000", some.len());
        assert_eq!(some, hit(7, 0.3));
        assert_ne!(some, hit(8, 0.3));
        assert_eq!((hit(7, 0.0).len(), hit(7, 1.0).len()), (0, 10_000));
    }

    #[test]
    fn after_the_end_nothing_is_added() {
        let shared = Shared::new(0, ByteSize::new(1));
        let before = shared.add(Toxic::refuse());
        assert!(shared.refuses_all());
        shared.end();
        shared.add(Toxic::refuse());
        assert!(!shared.refuses_all());
        let changes = shared.generation();
        shared.remove(before);
        assert_eq!(shared.generation(), changes, "it was gone already");
    }
}
