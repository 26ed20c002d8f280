use std::sync::atomic::{AtomicU64, Ordering};

/// Bits of a slot that hold the time: 2^50 ns are 13 days. The others number more phases than a load may have.
const TIME_BITS: u32 = 50;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;

/// Users on different threads take and free their slots all the time: each is two cache lines from the next ...
const APART: usize = 16;

/// ... unless there are more than so many, of which two neighbours seldom run at the same moment.
const MOST_APART: usize = 4_096;

/// Which operations are running, each in a slot with its intended start and its phase.
///
/// The slot decides who counts an operation: whoever takes it out, its own end or the end of the drain, counts it,
/// and nobody else does.
pub(super) struct Flight {
    slots: Box<[AtomicU64]>,
    running: AtomicU64,
    cap: u64,
    /// Slots from one user's to the next one's.
    stride: usize,
}

/// The place of a running operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot(usize);

impl Flight {
    /// One slot for each user of a closed load.
    pub(super) fn of_users(users: usize) -> Self {
        let stride = if users > MOST_APART { 1 } else { APART };
        Self { stride, ..Self::with_slots(users * stride, users as u64) }
    }

    /// Room for `cap` operations, with as many slots again, so that a free one is found in two looks on average.
    pub(super) fn with_cap(cap: usize) -> Self {
        Self::with_slots(cap.saturating_mul(2).next_power_of_two(), cap as u64)
    }

    fn with_slots(slots: usize, cap: u64) -> Self {
        let slots = (0..slots).map(|_| AtomicU64::new(0)).collect();
        Self { slots, running: AtomicU64::new(0), cap, stride: 1 }
    }

    /// Takes the slot of user `index`, which must be free.
    #[inline]
    pub(super) fn begin_of_user(&self, index: usize, intended_ns: u64, phase: usize) -> Slot {
        let place = index * self.stride;
        self.slots[place].store(packed(intended_ns, phase), Ordering::Release);
        Slot(place)
    }

    /// Takes a free slot, unless the cap is reached. Only one thread at a time may call this.
    pub(super) fn begin(&self, cursor: &mut usize, intended_ns: u64, phase: usize) -> Option<Slot> {
        if self.running.load(Ordering::Relaxed) >= self.cap {
            return None;
        }
        self.running.fetch_add(1, Ordering::Relaxed);
        loop {
            *cursor = (*cursor + 1) & (self.slots.len() - 1);
            let slot = &self.slots[*cursor];
            if slot.load(Ordering::Relaxed) == 0 {
                slot.store(packed(intended_ns, phase), Ordering::Release);
                return Some(Slot(*cursor));
            }
        }
    }

    /// Frees the slot of a user. Whether the operation was still there to be counted.
    #[inline]
    pub(super) fn end_of_user(&self, slot: Slot) -> bool {
        self.slots[slot.0].swap(0, Ordering::AcqRel) != 0
    }

    /// Takes out what user `index` was doing, if anything: its intended start and its phase.
    pub(super) fn take_of_user(&self, index: usize) -> Option<(u64, usize)> {
        unpacked(self.slots[index * self.stride].swap(0, Ordering::AcqRel))
    }

    /// Frees a slot taken with [`Flight::begin`]. Whether the operation was still there to be counted.
    pub(super) fn end(&self, slot: Slot) -> bool {
        let is_ours = self.slots[slot.0].swap(0, Ordering::AcqRel) != 0;
        self.running.fetch_sub(1, Ordering::Relaxed);
        is_ours
    }

    /// Takes out everything that still runs: `left(intended_ns, phase)` for each.
    pub(super) fn close(&self, mut left: impl FnMut(u64, usize)) {
        for slot in &self.slots {
            if let Some((intended_ns, phase)) = unpacked(slot.swap(0, Ordering::AcqRel)) {
                left(intended_ns, phase);
            }
        }
    }
}

/// Time and phase in one word that is never 0.
#[inline]
fn packed(intended_ns: u64, phase: usize) -> u64 {
    ((phase as u64) << TIME_BITS) | (intended_ns.min(TIME_MASK - 1) + 1)
}

/// The time and the phase; `None` of a free slot.
fn unpacked(word: u64) -> Option<(u64, usize)> {
    (word != 0).then(|| ((word & TIME_MASK) - 1, (word >> TIME_BITS) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_holds_and_frees_again() {
        let flight = Flight::with_cap(2);
        let mut cursor = 0;
        let first = flight.begin(&mut cursor, 10, 0).unwrap();
        let _second = flight.begin(&mut cursor, 20, 1).unwrap();
        assert!(flight.begin(&mut cursor, 30, 1).is_none());
        assert!(flight.end(first));
        assert!(flight.begin(&mut cursor, 40, 3).is_some());
        let mut left = Vec::new();
        flight.close(|ns, phase| left.push((ns, phase)));
        left.sort_unstable();
        assert_eq!(left, [(20, 1), (40, 3)]);
    }

    #[test]
    fn what_the_drain_took_is_not_counted_again() {
        let flight = Flight::of_users(1);
        let slot = flight.begin_of_user(0, 0, 0);
        let mut taken = 0;
        flight.close(|_, _| taken += 1);
        assert_eq!((taken, flight.end_of_user(slot)), (1, false));
    }
}
