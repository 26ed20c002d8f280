//! How far another node's clock is from ours: by the round trips of words that carry the time, as NTP does it (Mills,
//! RFC 5905, section 8: the offset is the other's time against the middle of the trip, and half of the trip bounds the
//! error). Of several trips the shortest tells most, since what makes one longer is on one side of it only.

use serde::{Deserialize, Serialize};

/// Two quartz clocks drift apart by less: an older trip bounds the offset less well.
const DRIFT: f64 = 100e-6;

/// The other's clocks against ours.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Offset {
    /// What is to be added to our running clock for the other's, in nanoseconds.
    pub(crate) running_ns: i64,
    /// What is to be added to our time of day for the other's.
    pub(crate) wall_ns: i64,
    /// The most by which these can be wrong.
    pub(crate) bound_ns: u64,
}

/// Both clocks of a node at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Times {
    /// Nanoseconds since this session began.
    pub(super) running_ns: u64,
    /// The time of day, nanoseconds since 1970.
    pub(super) wall_ns: i64,
}

/// Finds the offset of another node's clocks.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// The best so far, with our time when it was made.
    best: Option<(Offset, u64)>,
}

impl Comparison {
    /// A word that left at `sent` had the other's `theirs` on it when it was answered, and the answer came at `back`.
    pub(super) fn trip(&mut self, sent: Times, theirs: Times, back: Times) {
        let length = back.running_ns.saturating_sub(sent.running_ns);
        let middle = sent.running_ns + length / 2;
        let offset = Offset {
            running_ns: theirs.running_ns as i64 - middle as i64,
            wall_ns: theirs.wall_ns - (sent.wall_ns + (back.wall_ns - sent.wall_ns) / 2),
            bound_ns: length / 2,
        };
        if self.at(back.running_ns).is_none_or(|known| offset.bound_ns <= known.bound_ns) {
            self.best = Some((offset, back.running_ns));
        }
    }

    /// What is known at `now_ns` of our running clock.
    pub(super) fn at(&self, now_ns: u64) -> Option<Offset> {
        let (offset, made_ns) = self.best?;
        let drift = now_ns.saturating_sub(made_ns) as f64 * DRIFT;
        Some(Offset { bound_ns: offset.bound_ns + drift as u64, ..offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another clock is ahead by `ahead` (running) and `late` behind (time of day); the word takes `there` and `back`.
    fn trip(comparison: &mut Comparison, at: u64, there: u64, back: u64) {
        let ours = |running_ns: u64| Times { running_ns, wall_ns: 1_000_000 + running_ns as i64 };
        let answered = at + there;
        let theirs = Times { running_ns: answered + 700, wall_ns: 1_000_000 + answered as i64 - 90 };
        comparison.trip(ours(at), theirs, ours(answered + back));
    }

    #[test]
    fn the_shortest_trip_decides_and_bounds() {
        let mut comparison = Comparison::default();
        assert_eq!(comparison.at(5), None);
        trip(&mut comparison, 0, 400, 100);
        assert_eq!(comparison.at(500).unwrap(), Offset { running_ns: 850, wall_ns: 60, bound_ns: 250 });
        trip(&mut comparison, 1_000, 20, 20);
        trip(&mut comparison, 2_000, 5_000, 1);
        let offset = comparison.at(8_000).unwrap();
        assert_eq!((offset.running_ns, offset.wall_ns, offset.bound_ns), (700, -90, 20));
    }

    proptest::proptest! {
        #[test]
        fn the_truth_is_within_the_bound(trips in proptest::collection::vec((0u64..50_000, 0u64..50_000), 1..20)) {
            let mut comparison = Comparison::default();
            let mut at = 0;
            for (there, back) in trips {
                trip(&mut comparison, at, there, back);
                at += 200_000;
            }
            let offset = comparison.at(at).unwrap();
            assert!((offset.running_ns - 700).unsigned_abs() <= offset.bound_ns + 1, "{offset:?}");
        }
    }

    #[test]
    fn an_old_trip_is_replaced_when_the_clocks_may_have_drifted() {
        let mut comparison = Comparison::default();
        trip(&mut comparison, 0, 10, 10);
        trip(&mut comparison, 10_000_000_000, 500_000, 500_000);
        assert_eq!(comparison.at(10_001_000_000).unwrap().bound_ns, 500_000);
    }
}
